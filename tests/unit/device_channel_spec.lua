-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Channels by address: which are ready, what hinders a program, how they are opened and traced.
local channel = require "moonflash.device.channel"
local failure = require "moonflash.base.failure"
local run = require "moonflash.base.run"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

describe("a channel", function()
  local master, path

  before_each(function()
    support.watch()
    master, path = sys.pty()
  end)

  after_each(function()
    sys.close(master)
    support.finish()
  end)

  it("of a serial port is opened by its path, also through a link", function()
    local link = support.folder() .. "/ttyUSB0"
    assert.is_false(channel.is_ready(link))
    assert.equal("port.not_found", support.code_of(channel.open(link)))
    assert(sys.symlink(path, link))
    assert.is_true(channel.is_ready(link))
    assert.is_nil(channel.obstacle(link))
    local port = assert(channel.open(link))
    assert(port:write("hello", 1000))
    assert.equal("hello", sys.read(master, 10))
    port:close()
  end)

  it("of a serial port is hindered by a plain file in its place, and by its permissions", function()
    local file = support.folder() .. "/ttyUSB0"
    assert.is_nil(channel.obstacle(file))
    assert(sys.write_file(file, "AT"))
    assert.same({ "plain_file", file .. " has 2 bytes" }, { channel.obstacle(file) })
    local access = sys.access
    finally(function() sys.access = access end)
    sys.access = function() return nil, failure.new("sys.denied", "no") end
    assert.equal("denied", (channel.obstacle(path)))
  end)

  it("is given to the trace of the current run", function()
    local trace = { tap = function(_, port, address, content)
      port:close()
      return address .. " " .. content
    end }
    assert.equal(path .. " text", run.traced(trace, channel.open, path, "text"))
    run.traced(trace, run.within, { options = {} }, function()
      assert.equal(path .. " text", channel.open(path, "text"))
    end)
    assert.is_nil(run.trace())
    assert.has_error(function() run.traced(trace, error, "no") end)
    assert.is_nil(run.trace())
  end)
end)

describe("channel.open_when_ready", function()
  local function failing(codes)
    return function(path)
      local code = table.remove(codes, 1)
      if code then return nil, failure.new(code, path) end
      return "opened " .. path
    end
  end

  it("tries again while the failure may pass", function()
    local codes = { "port.not_found", "port.denied", "port.busy", "port.failed" }
    assert.equal("opened /dev/x", channel.open_when_ready("/dev/x", failing(codes), 20000))
  end)

  it("ends in time with the last failure", function()
    local tries, began = 0, sys.clock_ms()
    local nothing, problem = channel.open_when_ready("/dev/x", function()
      tries = tries + 1
      return nil, failure.new("port.busy", "held")
    end, 50)
    assert.is_nil(nothing)
    assert.equal("port.busy", problem.code)
    assert.is_true(tries > 1 and sys.clock_ms() - began >= 50)
  end)

  it("does not try again after another failure, nor after an interrupt", function()
    local codes = { "port.not_a_device" }
    assert.equal("port.not_a_device", select(2, channel.open_when_ready("/dev/x", failing(codes), 20000)).code)
    assert.is_nil(codes[1])
    assert(sys.kill(sys.process_id(), "TERM"))
    local _, problem = channel.open_when_ready("/dev/x", failing { "port.busy" }, 20000)
    sys.clear_interrupt()
    assert.equal("job.interrupted", problem.code)
  end)
end)
