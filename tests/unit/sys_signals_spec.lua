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

describe("an interruption", function()
  --- Runs Lua in a process of its own that catches signals.
  local function run(text)
    local result = support.run(support.lua([[
      local sys = require "moonflash.core.sys"
      assert(sys.catch_signals())
      local function raise(name) assert(sys.kill(sys.process_id(), name)) end
    ]] .. text))
    assert.same({ 0, "" }, { result.status, result.stderr })
    return result.stdout
  end

  it("ends every wait until it is cleared", function()
    assert.equal("", run [[
      raise "INT"
      local pid = assert(sys.spawn { "sleep", "100" })
      local function interrupted(result, problem)
        assert(result == nil and problem.code == "sys.interrupted", tostring(problem))
      end
      interrupted(sys.sleep_ms(60000))
      interrupted(sys.poll({}, 60000))
      interrupted(sys.wait(pid, 60000))
      sys.clear_interrupt()
      sys.clear_interrupt()
      assert(sys.sleep_ms(1) and sys.poll({}, 1))
      sys.kill(pid, "KILL")
      assert(sys.wait(pid, 10000) == 137)
    ]])
  end)

  it("is counted, and the last is named", function()
    assert.equal("0 nil 1 SIGINT 3 SIGTERM 3 SIGTERM", run [[
      local seen = {}
      local function note()
        local count, name = sys.interrupts()
        seen[#seen + 1] = count .. " " .. tostring(name)
      end
      note()
      raise "INT" note()
      raise "INT" raise "TERM" note()
      sys.clear_interrupt() note()
      io.stdout:write(table.concat(seen, " "))
    ]])
  end)

  it("is not a lost terminal or a lost reader", function()
    assert.equal("", run [[
      raise "HUP"
      local reader, writer = sys.pipe()
      sys.close(reader)
      local count, problem = sys.write(writer, "x")
      assert(count == nil and problem.code == "sys.closed")
      assert(sys.interrupts() == 0 and sys.sleep_ms(1))
    ]])
  end)

  it("reaches a wait that has begun", function()
    local child = support.start(support.lua [[
      local sys = require "moonflash.core.sys"
      sys.catch_signals()
      io.stdout:write "ready\n"
      io.stdout:flush()
      local _, problem = sys.poll({}, 60000)
      os.exit(problem.code == "sys.interrupted" and 9 or 1)
    ]])
    assert.equal("ready", child:line())
    child:kill "TERM"
    assert.equal(9, child:wait())
  end)

  it("reaches uevent too", function()
    run(([[
      local uevent = require "moonflash.core.uevent"
      local server = assert(sys.datagram "%s/uevent")
      local listener = assert(uevent.open "%s")
      raise "INT"
      local event, problem = listener:next(60000)
      assert(event == nil and problem.code == "uevent.interrupted")
      sys.close(server)
    ]]):format(folder, folder))
  end)

  it("ends no wait while it is deferred, however often, and is pending afterwards", function()
    assert.equal("2 SIGINT 2 0", run [[
      local function interrupted()
        local slept, problem = sys.sleep_ms(1)
        assert(slept or problem.code == "sys.interrupted")
        return not slept
      end
      raise "INT"
      sys.defer_interrupts()
      assert(not interrupted())
      sys.defer_interrupts()
      raise "INT"
      assert(sys.pending_interrupts() == 0)
      sys.resume_interrupts()
      assert(not interrupted(), "the inner one has ended the outer one")
      sys.resume_interrupts()
      assert(interrupted() and interrupted())
      local count, name = sys.interrupts()
      local pending = sys.pending_interrupts()
      sys.clear_interrupt()
      assert(not interrupted())
      sys.defer_interrupts()
      sys.resume_interrupts()
      assert(not interrupted(), "an acknowledged one is pending again")
      io.stdout:write(table.concat({ count, name, pending, sys.pending_interrupts() }, " "))
      assert(not pcall(sys.resume_interrupts))
    ]])
  end)

  it("is acknowledged while it is deferred", function()
    assert.equal("", run [[
      sys.defer_interrupts()
      raise "INT"
      sys.clear_interrupt()
      sys.resume_interrupts()
      assert(sys.sleep_ms(1))
    ]])
  end)

  it("may come after the module was unloaded", function()
    -- closing a Lua state unloads its modules; here that is done by hand, and the process goes on
    assert.equal("unloaded SIGTERM", run [[
      local all_libraries = "^_CLIBS$" -- of Lua 5.4
      for key, library in pairs(debug.getregistry()) do
        if type(key) == "string" and (key:find "LOADLIB.*moonflash%.so" or key:find(all_libraries)) then
          debug.getmetatable(library).__gc(library)
          io.stdout:write "unloaded "
        end
      end
      raise "TERM"
      io.stdout:write((select(2, sys.interrupts())))
    ]])
  end)
end)

describe("a hook", function()
  after_each(support.finish)

  it("is called every so many instructions, in coroutines too, until there is none", function()
    local ended = support.run(support.lua [[
      local sys = require "moonflash.core.sys"
      local jit = rawget(_G, "jit")
      if jit then jit.off() end -- compiled code looks at no hooks
      local calls = 0
      local function spin()
        calls = 0
        for i = 1, 10000 do local _ = i + i end
        return calls
      end
      sys.hook(function() calls = calls + 1 end, 100)
      assert(spin() > 100)
      assert(coroutine.wrap(spin)() > 100)
      local late = coroutine.wrap(function() coroutine.yield() return spin() end)
      late()
      sys.hook()
      assert(spin() == 0 and late() == 0)
      assert(not pcall(sys.hook, 1, 1))
      assert(not pcall(sys.hook, spin, -1))
    ]])
    assert.same({ 0, "" }, { ended.status, ended.stderr })
  end)
end)

describe("the signals of a host program", function()
  -- In a process that ignores these.
  local function run(ignored, text)
    local argv = support.lua([[
      local sys = require "moonflash.core.sys"
      local function raise(name) assert(sys.kill(sys.process_id(), name)) end
      local function status_of_child()
        return sys.wait(assert(sys.spawn { "sh", "-c", "exit 7" }), 10000)
      end
    ]] .. text)
    local result = support.run { "env", "--ignore-signal=" .. ignored, unpack(argv) }
    assert.same({ 0, "" }, { result.status, result.stderr })
  end

  it("are its own again after the last release", function()
    run("TERM,CHLD", [[
      raise "TERM"
      assert(sys.interrupts() == 0)
      assert(sys.catch_signals() and sys.catch_signals())
      sys.release_signals()
      raise "TERM"
      assert(sys.pending_interrupts() == 1 and not sys.sleep_ms(1))
      sys.release_signals()
      assert(sys.pending_interrupts() == 0 and sys.sleep_ms(1))
      raise "TERM"
      assert(sys.interrupts() == 1 and status_of_child() == nil)
      assert(not pcall(sys.release_signals))
      sys.catch_signals()
      raise "TERM"
      assert(sys.interrupts() == 2 and not sys.sleep_ms(1))
    ]])
  end)

  it("end it again after the last release", function()
    local ended = support.run(support.lua [[
      local sys = require "moonflash.core.sys"
      sys.catch_signals()
      sys.release_signals()
      sys.kill(sys.process_id(), "TERM")
    ]])
    assert.equal(128 + 15, ended.status)
  end)

  it("do not lose the status of a child while they are caught", function()
    run("CHLD", [[
      local lost, problem = status_of_child()
      assert(lost == nil and problem.code == "sys.failed", tostring(problem))
      sys.catch_signals()
      assert(status_of_child() == 7)
    ]])
  end)
end)

describe("a lock", function()
  local path

  before_each(function() path = folder .. "/run/moonflash/1-1.lock" end)

  --- A process that holds the lock until it is ended.
  local function holder()
    local child = support.start(support.lua([[
      local sys = require "moonflash.core.sys"
      local lock = assert(sys.lock((...)))
      io.stdout:write "held\n"
      io.stdout:flush()
      io.read()
      lock:release()
    ]], path, "tab\there"))
    assert.equal("held", child:line())
    return child
  end

  it("is held once, and says by whom", function()
    local child = holder()
    local result, problem = sys.lock(path)
    assert.equal("sys.locked", support.code_of(result, problem))
    assert.truthy(problem.evidence:find("pid " .. child.pid .. ": ", 1, true))
    assert.truthy(problem.evidence:find("chunk.lua " .. path .. " tab?here", 1, true))
    assert.truthy(problem.message:find(path, 1, true))
  end)

  it("says what for, and is nobody else's to look at than its owner's and the group's", function()
    local lock = assert(sys.lock(path, "asks"))
    local result, problem = sys.lock(path)
    assert.equal("sys.locked", support.code_of(result, problem))
    assert.truthy(problem.evidence:find "^pid %d+ asks: ")
    assert.equal(432, sys.stat(path).mode) -- 0660, whatever the umask: who may read a file may lock it
    lock:release()
  end)

  it("is free after its holder's end, whatever the end", function()
    local child = holder()
    child:kill "KILL"
    child:wait()
    assert(sys.lock(path)):release()
  end)

  it("is released once, and again without harm", function()
    local lock = assert(sys.lock(path))
    assert.equal("sys.locked", support.code_of(sys.lock(path)))
    assert.is_true(lock:release())
    assert.is_true(lock:release())
    local other = assert(sys.lock(path))
    lock:release()
    assert.equal("sys.locked", support.code_of(sys.lock(path)))
    other:release()
  end)

  it("is not taken through a link or something else", function()
    sys.make_folder(folder .. "/run/moonflash")
    sys.write_file(folder .. "/victim", "precious")
    sys.symlink(folder .. "/victim", path)
    assert.equal("sys.failed", support.code_of(sys.lock(path)))
    assert.equal("precious", sys.read_file(folder .. "/victim"))
    assert.equal(0, support.run({ "ln", "-f", folder .. "/victim", path }).status) -- a second name
    assert.equal("sys.failed", support.code_of(sys.lock(path)))
    assert.equal("precious", sys.read_file(folder .. "/victim"))
    assert.equal("sys.failed", support.code_of(sys.lock(folder)))
    assert.equal("sys.not_found", support.code_of(sys.lock(folder .. "/victim/lock")))
    local socket = sys.datagram(folder .. "/socket")
    assert.equal("sys.failed", support.code_of(sys.lock(folder .. "/socket")))
    sys.close(socket)
  end)
end)
