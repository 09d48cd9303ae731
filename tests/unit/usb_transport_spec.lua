-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Serial ports over USB, without a serial driver: when they are chosen, what they are called, what is told of them.
local channel = require "moonflash.device.channel"
local device = require "moonflash.device"
local fake = require "tests.fakes.sysfs"
local fake_machine = require "tests.fakes.machine"
local modems = require "tests.fakes.modems"
local preflight = require "moonflash.host.preflight"
local reboot = require "tests.fakes.reboot"
local show = require "moonflash.cli.show"
local support = require "tests.support"
local copy = modems.copy

local lacks_usb, is_ready = channel.lacks_usb, channel.is_ready

-- As if the nodes in /dev/bus/usb belonged to the root of the test.
local function pretend_usb()
  channel.lacks_usb = function() return nil end
  channel.is_ready = function(address) return address:find "^usb:" ~= nil or is_ready(address) end
end

after_each(function() channel.lacks_usb, channel.is_ready = lacks_usb, is_ready end)

local serial = fake.serial
local loader = copy(modems.waiting, { interfaces = { copy(serial(0), { endpoints = 2 }) } })
local bound_loader = copy(modems.waiting, { interfaces = { copy(serial(0, "ttyUSB4"), { endpoints = 2 }) } })
local running = copy(modems.running, { interfaces = { serial(0), serial(2), serial(3), fake.qmi(8, "cdc-wdm0") } })

describe("an address over USB", function()
  it("names the place and the interface", function()
    assert.equal("usb:1-1.4/3", channel.usb_address("1-1.4", 3))
    assert.equal(3, channel.usb_interface "usb:1-1.4/3")
    for _, other in ipairs { "/dev/ttyUSB3", "usb:1-1.4", "usb:/dev/ttyUSB0/3", "usb:../3" } do
      assert.is_nil(channel.usb_interface(other))
    end
  end)

  it("is not ready, and cannot be opened, without its device", function()
    assert.is_false(channel.is_ready "usb:99-9/0")
    assert.is_nil(channel.obstacle "usb:99-9/0")
    assert.equal("port.not_found", support.code_of(channel.open "usb:99-9/0"))
  end)

  it("needs the module, and the system's own root", function()
    assert.matches("another root", channel.lacks_usb "/tmp/simulated")
    local cpath = package.cpath
    finally(function()
      package.cpath = cpath
      support.finish()
    end)
    package.cpath = support.folder() .. "/?.so"
    assert.matches("moonflash%-usb", channel.lacks_usb "/")
  end)
end)

describe("the serial ports of a modem are", function()
  local tree

  before_each(function()
    pretend_usb()
    tree = fake.new()
  end)
  after_each(function() tree:remove() end)

  local function plug(modem, transport)
    tree:plug(modem)
    local dev = device.list(tree.root, modems.models, transport)[1]
    tree:unplug(modem.place)
    return dev
  end

  it("its ttys when a serial driver has one", function()
    local dev = plug(bound_loader)
    assert.same({ "tty", tree.root .. "/dev/ttyUSB4" }, { dev.transport, dev.nodes.qdl })
    dev = plug(copy(running, { interfaces = { serial(0), serial(3, "ttyUSB1"), fake.qmi(8, "cdc-wdm0") } }))
    assert.same({ "tty", tree.root .. "/dev/ttyUSB1" }, { dev.transport, dev.nodes.at })
    assert.is_nil(dev.nodes.diag)
  end)

  it("its interfaces when none has", function()
    local dev = plug(loader)
    assert.same({ "usb", "usb:1-6/0" }, { dev.transport, dev.nodes.qdl })
    dev = plug(running)
    assert.same({ "usb", "usb:2-3/3", "usb:2-3/0" }, { dev.transport, dev.nodes.at, dev.nodes.diag })
    assert.same({ tree.root .. "/dev/cdc-wdm0" }, dev.nodes.qmi)
    assert.equal(3, #dev.missing)
  end)

  it("what the user says", function()
    assert.is_nil(plug(loader, "tty").nodes.qdl)
    assert.equal("usb:1-6/0", plug(bound_loader, "usb").nodes.qdl)
    assert.equal("usb:2-3/3", plug(modems.running, "usb").nodes.at)
  end)

  it("not over USB when another program, or another driver, has the interface", function()
    for _, driver in ipairs { "usbfs", "GobiNet" } do
      local held = copy(loader, { interfaces = { copy(loader.interfaces[1], { driver = driver }) } })
      for _, transport in ipairs { "auto", "usb" } do assert.is_nil(plug(held, transport).nodes.qdl) end
    end
  end)

  it("not over USB when the device is not surely a loader, or of no model", function()
    assert.is_nil(plug(copy(loader, { interfaces = { serial(0) } })).nodes.qdl)
    assert.is_nil(plug(copy(running, { pid = "9ffe" })).nodes.at)
  end)

  it("not over USB where that cannot be spoken", function()
    channel.lacks_usb = function() return "no" end
    local dev = plug(loader)
    assert.same({ "tty" }, { dev.transport, dev.nodes.qdl })
    dev = plug(bound_loader, "usb")
    assert.same({ "usb" }, { dev.transport, dev.nodes.qdl })
  end)
end)

describe("a modem that comes back without a serial driver", function()
  local stage

  before_each(function()
    pretend_usb()
    stage = reboot.new()
    stage.tree:plug(modems.running)
  end)
  after_each(function() stage:remove() end)

  it("is used over USB after a moment", function()
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, loader)
    assert.equal("usb:1-6/0", assert(stage:wait(follower, "download")).nodes.qdl)
    assert.is_true(stage.time >= 2100 and stage.time < 2200, stage.time)
  end)

  it("is used over its tty when the driver comes in that moment", function()
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, loader)
    stage:at(2.05, function()
      stage.tree:bind("1-6", 0, "qcserial")
      stage.tree:add_node("1-6", 0, "tty", "ttyUSB4")
    end)
    assert.equal(stage:node "ttyUSB4", assert(stage:wait(follower, "download")).nodes.qdl)
  end)
end)

describe("before an update", function()
  local machine

  after_each(function() machine:remove() end)

  it("a missing serial driver is a note where USB does without", function()
    pretend_usb()
    for _, modem in ipairs { loader, running, copy(running, { pid = "9ffe" }) } do
      if machine then machine:remove() end
      machine = fake_machine.new(modem)
      assert.is_true(preflight.check(machine:job()))
      assert.same({}, machine.warnings)
      assert.matches("over USB", machine.notes[1].message)
    end
  end)

  it("a virtual machine that has the interfaces is not", function()
    pretend_usb()
    machine = fake_machine.new(copy(running, { interfaces = {
      copy(serial(0), { driver = "usbfs" }), serial(3), fake.qmi(8, "cdc-wdm0") } }))
    local _, problem = preflight.check(machine:job())
    assert.equal("preflight.driver", problem.code)
    assert.matches("usbfs", problem.message)
  end)

  it("a missing driver of the control port is not", function()
    pretend_usb()
    machine = fake_machine.new(copy(running, { interfaces = { serial(0), serial(3), fake.qmi(8) } }))
    assert.equal("preflight.driver", support.code_of(preflight.check(machine:job())))
  end)

  it("--transport usb is refused where USB cannot be spoken", function()
    machine = fake_machine.new(modems.running)
    local _, problem = preflight.check(machine:job { transport = "usb" })
    assert.equal("preflight.driver", problem.code)
    assert.matches("another root", problem.evidence)
    local session
    machine:job { transport = "usb" }
    session, problem = machine:job({ transport = "usb" }):download()
    assert.is_nil(session)
    assert.equal("device.no_port", problem.code)
  end)
end)

it("a list of modems tells what is reached over USB", function()
  local said = {}
  local out = { object = function() end, rows = function() end, say = function(_, text) said[#said + 1] = text end }
  local dev = { place = "1-1", vid = "1199", pid = "9070", mode = "download", transport = "usb",
    missing = { { interface = 0, module = "qcserial", package = "kmod", over_usb = true },
      { interface = 8, module = "qmi_wwan", package = "kmod" } } }
  show.devices(out, { dev })
  assert.matches("interface 0 has no driver: it is reached over USB", said[1])
  assert.matches("interface 8 has no driver: load qmi_wwan", said[2])
end)
