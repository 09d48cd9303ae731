-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local support = require "tests.support"
local sys = require "moonflash.core.sys"

local folder

before_each(function()
  support.watch()
  folder = support.folder()
end)

after_each(support.finish)

describe("a child", function()
  local children

  before_each(function() children = {} end)
  after_each(function()
    for _, pid in ipairs(children) do
      sys.kill(-pid, "KILL")
      sys.wait(pid, 10000)
    end
  end)

  --- Starts a program that is ended with the test.
  local function spawn(argv, options)
    options = options or {}
    options.group = true
    local pid = assert(sys.spawn(argv, options))
    children[#children + 1] = pid
    return pid
  end

  --- What a program writes to standard output.
  local function output(argv, options)
    return support.run(argv, options).stdout
  end

  it("gives its status", function()
    assert.equal(0, sys.wait(spawn { "true" }, 10000))
    local held = assert(io.open(folder .. "/held", "w")) -- a plain fopen leaves it to every child
    local reader, writer = sys.pipe()
    assert.equal(0, sys.wait(spawn({ "ls", "/proc/self/fd" }, { stdout = writer }), 10000))
    held:close()
    assert.equal("0\n1\n2\n3\n", sys.read(reader, 100)) -- 3: ls reads the folder
    sys.close(reader)
    sys.close(writer)
    assert.equal(7, sys.wait(spawn { "sh", "-c", "exit 7" }, 10000))
    assert.equal(128 + 15, sys.wait(spawn { "sh", "-c", "kill -TERM $$" }, 10000))
  end)

  it("gets its arguments as they are", function()
    assert.equal("[a b][$HOME][*][][\n]", output { "printf", "[%s]", "a b", "$HOME", "*", "", "\n" })
  end)

  it("that cannot be run is a failure", function()
    local result, problem = sys.spawn { "moonflash-no-such-program" }
    assert.equal("sys.not_found", support.code_of(result, problem))
    assert.equal("cannot run moonflash-no-such-program", problem.message)
    assert.equal("sys.denied", support.code_of(sys.spawn { folder }))
    sys.write_file(folder .. "/plain", "echo this must not be given to a shell")
    assert.equal("sys.denied", support.code_of(sys.spawn { folder .. "/plain" }))
    assert.equal("sys.failed", support.code_of(sys.spawn({ "true" }, { stdout = 999 })))
  end)

  it("needs a list of strings", function()
    for _, argv in ipairs { {}, { 1 }, { "true", {} } } do
      assert.has_error(function() sys.spawn(argv) end)
    end
    assert.has_error(function() sys.spawn("true") end)
    assert.has_error(function() sys.spawn({ "true" }, { stdin = "file" }) end)
    assert.has_error(function() sys.spawn({ "true" }, { environment = { A = 1 } }) end)
    assert.has_error(function() sys.spawn({ "true" }, { environment = { "A=1" } }) end)
  end)

  it("is waited for as long as told", function()
    local pid = spawn { "sleep", "100" }
    local start = sys.clock_ms()
    assert.equal("sys.timeout", support.code_of(sys.wait(pid, 30)))
    assert.is_true(sys.clock_ms() - start >= 30)
    assert.equal("sys.timeout", support.code_of(sys.wait(pid, 0)))
    assert.is_true(sys.kill(pid, "SIGKILL"))
    assert.equal(128 + 9, sys.wait(pid, 10000))
    assert.equal("sys.failed", support.code_of(sys.wait(pid, 0)))
    assert.equal("sys.not_found", support.code_of(sys.kill(pid, "KILL")))
  end)

  it("ends with its group", function()
    local child = support.start { "sh", "-c", "sleep 100 & echo ready; wait" }
    assert.equal("ready", child:line())
    assert.is_true(sys.kill(-child.pid, "TERM"))
    assert.equal(128 + 15, child:wait()) -- which is also the end of all that held its streams
  end)

  it("is not everybody", function()
    for _, pid in ipairs { 0, 1, -1 } do
      assert.has_error(function() sys.kill(pid, "TERM") end)
    end
    assert.has_error(function() sys.kill(sys.process_id(), "NONSENSE") end)
    assert.has_error(function() sys.wait(0, 0) end)
  end)

  it("has the environment it is given upon ours", function()
    local text = output({ "sh", "-c", "echo $MOON; echo ${HOME-none}; echo $PATH" },
      { environment = { MOON = "full = round", HOME = false } })
    assert.equal("full = round\nnone\n" .. os.getenv "PATH" .. "\n", text)
  end)

  it("has none of our descriptors but its streams", function()
    local master = sys.pty()
    local lock = sys.lock(folder .. "/lock")
    local socket = sys.datagram(folder .. "/socket")
    local file = sys.open(folder .. "/file", "w")
    local inherited = {}
    for name in output({ "ls", "/proc/self/fd" }):gmatch "%d+" do inherited[name] = true end
    for _, descriptor in ipairs { master, socket, file } do
      assert.is_nil(inherited[tostring(descriptor)])
      sys.close(descriptor)
    end
    lock:release()
    assert.is_true(inherited["0"] and inherited["1"] and inherited["2"])
  end)

  it("may have its streams crossed", function()
    local out_reader, out = sys.pipe()
    local error_reader, errors = sys.pipe()
    -- in a process whose 1 and 2 are these pipes, a child gets them the other way round
    local chunk = support.lua [[
      local sys = require "moonflash.core.sys"
      local pid = assert(sys.spawn({ "sh", "-c", "echo out; echo error >&2" }, { stdout = 2, stderr = 1 }))
      os.exit(sys.wait(pid, 10000))
    ]]
    assert.equal(0, sys.wait(spawn(chunk, { stdout = out, stderr = errors }), 10000))
    assert.equal("error\n", sys.read(out_reader, 100))
    assert.equal("out\n", sys.read(error_reader, 100))
    for _, descriptor in ipairs { out_reader, out, error_reader, errors } do sys.close(descriptor) end
  end)

  it("may have nothing as its streams", function()
    local pid = spawn({ "sh", "-c", "read x || echo gone" },
      { stdin = false, stdout = false, stderr = false })
    assert.equal(0, sys.wait(pid, 10000))
  end)

  it("may have nothing as its streams when ours are closed", function()
    local argv = support.lua [[
      local sys = require "moonflash.core.sys"
      sys.close(0)
      local reader, writer = sys.pipe() -- one of them gets the number 0
      local input = reader == 0 and sys.pipe() or reader
      if reader == 0 then sys.close(0) end
      local pid = assert(sys.spawn({ "sh", "-c", "echo text >&2" }, { stdin = input, stderr = false }))
      os.exit(sys.wait(pid, 10000))
    ]]
    assert.same({ 0, "" }, { sys.wait(spawn(argv), 10000), "" })
  end)

  it("gets streams that block", function()
    local reader, writer = sys.pipe()
    local pid = spawn({ "head", "-c", "300000", "/dev/zero" }, { stdout = writer })
    sys.close(writer)
    local total = 0
    repeat
      assert(sys.poll({ { fd = reader, read = true } }, 10000))
      local bytes, problem = sys.read(reader, 4096)
      total = total + #(bytes or "")
    until problem and problem.code == "sys.closed"
    sys.close(reader)
    assert.equal(300000, total)
    assert.equal(0, sys.wait(pid, 10000))
  end)

  it("has the signals every program expects", function()
    -- we ignore SIGPIPE and SIGHUP: that is not inherited. The C library has wishes of its own
    -- about signals from 32 on.
    local status = output { "grep", "-E", "Sig(Blk|Ign)", "/proc/self/status" }
    for _, name in ipairs { "SigBlk", "SigIgn" } do
      assert.equal("0000", status:match(name .. ":%s*%x+(%x%x%x%x)\n"))
    end
  end)
end)
