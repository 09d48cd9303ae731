-- Waiting for a change on USB: by uevents, and by reading /sys.
local failure = require "moonflash.base.failure"
local fake = require "tests.fakes.sysfs"
local modems = require "tests.fakes.modems"
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
    local points = { folders = { tree.root }, files = {} }
    for _ = 1, 3 do assert.is_true(listening:wait(0, points)) end
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
    assert.is_true(polling:wait(0, { folders = { empty.root .. "/sys" }, files = {} }))
    polling:close()
    empty:remove()
  end)
end)

describe("the polling watch", function()
  local tree

  before_each(function() tree = fake.new() end)
  after_each(function() tree:remove() end)

  local polling, clock, points

  before_each(function()
    clock = { time = 0, acts = {} }
    function clock.now() return clock.time end
    function clock.sleep(ms)
      clock.time = clock.time + ms
      local act = clock.acts[clock.time]
      if act then act() end
      return true
    end
    tree:plug(modems.running)
    local bus = tree.root .. "/sys/bus/usb/devices"
    points = { folders = { bus, bus .. "/2-3:1.0" }, files = { bus .. "/2-3/devnum", bus .. "/1-6/devnum" } }
    polling = watch.poll(clock)
    polling:wait(1000, points)
    clock.time = 0
  end)

  it("sleeps 10 ms at a time until the time is over", function()
    clock.acts[20] = function() end
    assert.is_true(polling:wait(25, points))
    assert.equal(25, clock.time)
  end)

  it("returns at once for device numbers, and within 30 ms for other devices and nodes", function()
    clock.acts[30] = function() tree:plug(modems.waiting) end
    polling:wait(1000, points)
    assert.equal(30, clock.time)
    clock.acts[50] = function() tree:write("sys/bus/usb/devices/2-3/devnum", "77\n") end
    polling:wait(1000, points)
    assert.equal(50, clock.time)
    clock.acts[80] = function() tree:add_node("2-3", 0, "tty", "ttyUSB9", true) end
    polling:wait(1000, points)
    assert.equal(90, clock.time)
  end)

  it("notices a change between two waits", function()
    tree:plug(modems.waiting)
    polling:wait(1000, points)
    assert.equal(10, clock.time)
  end)
end)
