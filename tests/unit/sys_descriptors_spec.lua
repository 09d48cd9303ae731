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

describe("descriptors", function()
  it("carry bytes through a pipe, and tell its end from silence", function()
    local reader, writer = sys.pipe()
    assert.equal("sys.again", support.code_of(sys.read(reader, 10)))
    assert.equal(5, sys.write(writer, "a\0bcd"))
    assert.equal("a\0", sys.read(reader, 2))
    assert.equal("bcd", sys.read(reader, 10))
    assert.is_true(sys.close(writer))
    assert.equal("sys.closed", support.code_of(sys.read(reader, 10)))
    assert.is_true(sys.close(reader))
  end)

  it("do not block when a pipe is full", function()
    local reader, writer = sys.pipe()
    local total = 0
    repeat
      local count, problem = sys.write(writer, ("x"):rep(50000))
      total = total + (count or 0)
    until problem and problem.code == "sys.again"
    assert.is_true(total >= 4096)
    sys.close(reader)
    sys.close(writer)
  end)

  it("do not block when a pipe in blocking mode is full", function()
    local reader, writer = sys.pipe()
    local pid = assert(sys.spawn(support.lua [[
      local sys = require "moonflash.core.sys"
      local count, problem
      repeat count, problem = sys.write(1, ("x"):rep(1000000)) until not count
      os.exit(problem.code == "sys.again" and 0 or 1)
    ]], { stdout = writer })) -- a child gets its streams in blocking mode
    local status, late = sys.wait(pid, support.deadline() - sys.clock_ms())
    if not status then
      sys.kill(pid, "KILL")
      sys.wait(pid, 10000)
    end
    sys.close(reader)
    sys.close(writer)
    assert.equal(0, status, tostring(late))
  end)

  it("are of files too", function()
    local path = folder .. "/file"
    local writer = sys.open(path, "w")
    sys.write(writer, "one")
    sys.close(writer)
    local appender = sys.open(path, "a")
    sys.write(appender, " two")
    sys.close(appender)
    local reader = sys.open(path, "r")
    assert.equal("one two", sys.read(reader, 100))
    assert.equal("sys.closed", support.code_of(sys.read(reader, 100)))
    sys.close(reader)
    local both = sys.open(path, "rw")
    sys.write(both, "ONE")
    assert.equal(" two", sys.read(both, 100))
    sys.close(both)
    assert.equal("sys.not_found", support.code_of(sys.open(folder .. "/none", "rw")))
    assert.has_error(function() sys.open(path, "x") end)
  end)

  it("that are not open fail or raise", function()
    assert.equal("sys.failed", support.code_of(sys.read(999, 1)))
    assert.equal("sys.failed", support.code_of(sys.write(999, "x")))
    assert.equal("sys.failed", support.code_of(sys.close(999)))
    assert.has_error(function() sys.read(0, 0) end)
    assert.has_error(function() sys.read(-1, 1) end)
  end)
end)

describe("poll", function()
  local reader, writer

  before_each(function() reader, writer = sys.pipe() end)
  after_each(function()
    sys.close(reader)
    sys.close(writer)
  end)

  it("gives nothing after its time", function()
    local start = sys.clock_ms()
    assert.same({}, sys.poll({ { fd = reader, read = true } }, 20))
    assert.is_true(sys.clock_ms() - start >= 20)
    assert.same({}, sys.poll({}, 0))
  end)

  it("gives the entries that are ready, as they are", function()
    local a, b = { fd = reader, read = true, name = "a" }, { fd = writer, write = true }
    assert.same({ b }, sys.poll({ a, b }, 1000))
    assert.is_true(b.writable)
    sys.write(writer, "x")
    local ready = sys.poll({ a, b }, 1000)
    assert.equal(a, ready[1])
    assert.equal(b, ready[2])
    assert.is_true(a.readable)
    assert.is_false(a.hangup)
    assert.is_false(a.writable)
  end)

  it("tells a hang-up", function()
    local entry = { fd = reader, read = true }
    sys.close(writer)
    assert.equal(entry, sys.poll({ entry }, 1000)[1])
    assert.is_true(entry.hangup)
    writer = sys.open("/dev/null", "w")
  end)

  it("raises for what cannot be waited for", function()
    assert.has_error(function() sys.poll({ { fd = 999, read = true } }, 0) end)
    assert.has_error(function() sys.poll({ {} }, 0) end)
    assert.has_error(function() sys.poll({ 5 }, 0) end)
    local many = {}
    for i = 1, 33 do many[i] = { fd = reader, read = true } end
    assert.has_error(function() sys.poll(many, 0) end)
  end)
end)

describe("a pseudo terminal", function()
  it("is raw both ways", function()
    local master, path = sys.pty()
    local slave = sys.open(path, "rw")
    local odd = "a\r\n\3\4\17\19\127\255"
    assert.equal(#odd, sys.write(master, odd))
    assert.same(1, #sys.poll({ { fd = slave, read = true } }, 1000))
    assert.equal(odd, sys.read(slave, 100))
    sys.write(slave, odd)
    assert.same(1, #sys.poll({ { fd = master, read = true } }, 1000))
    assert.equal(odd, sys.read(master, 100))
    assert.is_true(sys.is_terminal(slave))
    assert.is_nil(sys.terminal_width(slave))
    sys.close(slave)
    sys.close(master)
  end)

  it("has no hang-up between two users", function()
    local master, path = sys.pty()
    for _ = 1, 2 do
      local slave = sys.open(path, "rw")
      sys.write(slave, "x")
      sys.close(slave)
      assert.equal(1, #sys.poll({ { fd = master, read = true } }, 1000))
      assert.equal("x", sys.read(master, 10))
      assert.equal("sys.again", support.code_of(sys.read(master, 10)))
    end
    sys.close(master)
  end)

  it("hangs up for its user when it is unplugged", function()
    local master, path = sys.pty()
    local slave = sys.open(path, "rw")
    sys.close(master)
    local entry = { fd = slave, read = true }
    assert.equal(1, #sys.poll({ entry }, 1000))
    assert.is_true(entry.hangup)
    assert.equal("sys.closed", support.code_of(sys.read(slave, 10)))
    assert.equal("sys.closed", support.code_of(sys.write(slave, "x")))
    sys.close(slave)
  end)

  it("is what a plain file is not", function()
    local null = sys.open("/dev/null", "r")
    assert.is_false(sys.is_terminal(null))
    assert.is_nil(sys.terminal_width(null))
    sys.close(null)
  end)
end)

describe("a datagram socket", function()
  it("is quiet until somebody writes to it", function()
    local server = sys.datagram(folder .. "/server")
    assert.equal("sys.again", support.code_of(sys.receive_from(server)))
    assert.equal("socket", sys.stat(folder .. "/server").kind)
    sys.close(server)
    assert.has_error(function() sys.send_to(server, ("x"):rep(200), "") end)
  end)

  it("does not take a path that is in use", function()
    local server = sys.datagram(folder .. "/server")
    assert.equal("sys.failed", support.code_of(sys.datagram(folder .. "/server")))
    sys.close(server)
    assert.equal("sys.not_found", support.code_of(sys.datagram(folder .. "/none/server")))
    assert.equal("sys.not_found", support.code_of(sys.datagram("")))
  end)

  it("may have a path longer than an address", function()
    local deep = folder .. "/" .. ("x"):rep(200)
    sys.make_folder(deep)
    local server = sys.datagram(deep .. "/uevent")
    assert.equal("socket", sys.stat(deep .. "/uevent").kind)
    sys.close(server)
    assert.equal("sys.failed", support.code_of(sys.datagram(deep .. "/" .. ("y"):rep(120))))
  end)
end)
