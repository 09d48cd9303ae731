-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Waiting for a change on USB: for uevents, and where there are none.
local failure = require "moonflash.base.failure"
local fake = require "tests.fakes.sysfs"
local sys = require "moonflash.core.sys"
local watch = require "moonflash.device.watch"

describe("the watch for uevents", function()
  local tree, server, listening, subscriber

  before_each(function()
    tree = fake.new()
    server = assert(sys.datagram(tree.root .. "/uevent"))
    listening = watch.open(tree.root)
    subscriber = select(2, assert(sys.receive_from(server)))
  end)
  after_each(function()
    listening:close()
    if server then sys.close(server) end
    tree:remove()
  end)

  local function send(subsystem)
    assert(sys.send_to(server, subscriber, "add@/devices/x\0SUBSYSTEM=" .. subsystem .. "\0"))
  end

  local function waits(ms)
    local began = sys.clock_ms()
    assert.is_true(listening:wait(ms))
    return sys.clock_ms() - began
  end

  it("returns for USB devices and their nodes, once for a burst", function()
    for _, subsystem in ipairs { "usb", "tty", "usbmisc" } do
      send "net"
      send(subsystem)
      send(subsystem)
      assert.is_true(waits(60000) < 30000)
      assert.is_true(waits(30) >= 30)
    end
  end)

  it("returns although events never end", function()
    local socket, count = listening.socket, 0
    listening.socket = { next = function()
      count = count + 1
      return count < 5000 and { SUBSYSTEM = "usb" } or nil
    end }
    assert.is_true(listening:wait(60000))
    assert.is_true(count < 2000)
    listening.socket = socket
  end)

  it("ignores all other events", function()
    send "net"
    send "block"
    assert.is_true(waits(30) >= 30)
  end)

  it("returns when its socket fails, and polls from then on", function()
    local socket, asked = listening.socket, 0
    listening.socket = { next = function()
      asked = asked + 1
      return nil, failure.new("uevent.failed", "broken")
    end }
    for _ = 1, 3 do assert.is_true(listening:wait(0)) end
    assert.equal(1, asked)
    listening.socket = socket
  end)

  it("fails when it is interrupted", function()
    local socket = listening.socket
    listening.socket = { next = function() return nil, failure.new("uevent.interrupted", "signal") end }
    local woken, problem = listening:wait(60000)
    assert.is_nil(woken)
    assert.equal("uevent.interrupted", problem.code)
    listening.socket = socket
  end)

  it("polls where there is no socket", function()
    local empty = fake.new()
    local polling = watch.open(empty.root)
    assert.is_true(polling:wait(0))
    polling:close()
    empty:remove()
  end)
end)

describe("the polling watch", function()
  it("waits 10 ms, or less when time is over", function()
    local slept = {}
    local polling = watch.poll { sleep = function(ms)
      slept[#slept + 1] = ms
      return true
    end }
    assert.is_true(polling:wait(1000))
    assert.is_true(polling:wait(3))
    assert.same({ 10, 3 }, slept)
  end)
end)
