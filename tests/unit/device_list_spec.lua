-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local device = require "moonflash.device"
local fake = require "tests.fakes.sysfs"
local modems = require "tests.fakes.modems"
local sys = require "moonflash.core.sys"
local copy, running, waiting = modems.copy, modems.running, modems.waiting

describe("device.list", function()
  local tree

  before_each(function() tree = fake.new() end)
  after_each(function() tree:remove() end)

  local function list() return device.list(tree.root, modems.models) end
  local function node(name) return tree.root .. "/dev/" .. name end

  -- Plugs a device with the ids "1199:9071".
  local function plug(place, ids, number, interfaces)
    tree:plug { place = place, vid = ids:sub(1, 4), pid = ids:sub(6), number = number,
      interfaces = interfaces }
  end

  it("is empty without modems, or without USB", function()
    assert.same({}, list())
    assert.same({}, device.list(tree.root .. "/nowhere", modems.models))
  end)

  it("has all fields of a modem in application mode", function()
    tree:plug(running)
    local found = list()
    assert.equal(1, #found)
    local dev = found[1]
    assert.same({ place = "2-3", peer = "1-6", model = "MC7455", vid = "1199", pid = "9071", serial = "LF123",
      product = "EM7455", manufacturer = "Sierra Wireless, Incorporated", speed = 5000, bus = 2, number = 4,
      hub_depth = 0, mode = "application", transport = "tty", root = tree.root, interface_count = 5,
      ids = { "1199:9071", "1199:9070" },
      interfaces = {
        { number = 0, class = "ff", driver = "qcserial", tty = node "ttyUSB4" },
        { number = 2, class = "ff", driver = "qcserial", tty = node "ttyUSB5" },
        { number = 3, class = "ff", driver = "qcserial", tty = node "ttyUSB6" },
        { number = 8, class = "ff", driver = "qmi_wwan", control = node "cdc-wdm0", net = "wwan0" },
        { number = 10, class = "ff", driver = "qmi_wwan", control = node "cdc-wdm1", net = "wwan1" },
      },
      nodes = { qmi = { node "cdc-wdm0", node "cdc-wdm1" }, mbim = {}, diag = node "ttyUSB4",
        nmea = node "ttyUSB5", at = node "ttyUSB6" },
      missing = {} }, dev)
  end)

  it("recognises download mode by one interface and the ids", function()
    tree:plug(waiting)
    local dev = list()[1]
    assert.equal("download", dev.mode)
    assert.equal("MC7455", dev.model)
    assert.same({ qmi = {}, mbim = {}, qdl = node "ttyUSB4" }, dev.nodes)
  end)

  it("distinguishes the modes of a model that keeps its ids", function()
    plug("1-1", "1199:68c0", 2, { fake.serial(0, "ttyUSB0") })
    plug("1-2", "1199:68c0", 3, { fake.serial(0, "ttyUSB1"), fake.serial(3, "ttyUSB2") })
    local found = list()
    assert.equal("download", found[1].mode)
    assert.equal("application", found[2].mode)
    assert.equal("MC7354", found[2].model)
  end)

  it("is in download mode only with the interface of a loader", function()
    local function mode_with(interface, ids)
      plug("1-1", ids or "1199:68c0", 2, { interface })
      local dev = list()[1]
      tree:unplug "1-1"
      assert.equal(dev.mode == "download" and node(interface.tty) or nil, dev.nodes.qdl)
      return dev.mode, dev
    end
    assert.equal("download", (mode_with(fake.serial(0, "ttyUSB0"))))
    assert.equal("download", (mode_with(copy(fake.serial(0, "ttyUSB0"), { endpoints = 2 }))))
    local mode, dev = mode_with(fake.serial(3, "ttyUSB0"))
    assert.same({ "application", node "ttyUSB0" }, { mode, dev.nodes.at })
    for _, changes in ipairs { { endpoints = 3 }, { endpoints = 1 }, { class = "08" }, { class = "02" }, { number = 2 },
      { number = 12 } } do
      for _, ids in ipairs { "1199:68c0", "1199:9070", "1199:9062" } do
        assert.equal("application", (mode_with(copy(fake.serial(0, "ttyUSB0"), changes), ids)))
      end
    end
  end)

  it("of unknown ids may be in download mode with the whole form of a loader, and is when that is said", function()
    local loader = copy(fake.serial(0, "ttyUSB0"), { endpoints = 2 })
    local function said(interfaces, ids, count)
      tree:plug { place = "1-1", vid = "1199", pid = ids or "9ffe", number = 2, count = count, interfaces = interfaces }
      local dev = list()[1]
      local may_be = device.may_be_loader(dev)
      local seen = device.as_said(dev, modems.models)
      assert.equal(may_be, seen.mode == "download")
      assert.equal(may_be and node "ttyUSB0" or nil, seen.nodes.qdl)
      tree:unplug "1-1"
      return may_be
    end
    assert.is_true(said { loader })
    for _, changes in ipairs { { endpoints = 3 }, { class = "08" }, { number = 3 } } do
      assert.is_false(said { copy(loader, changes) })
    end
    assert.is_false(said { fake.serial(0, "ttyUSB0") }) -- its endpoints are not known
    assert.is_false(said { loader, fake.serial(2, "ttyUSB1") })
    assert.is_false(said({ loader }, "9ffe", 2))
    assert.is_false(said({}, "9ffe", 1))                -- not read yet
    assert.is_false(said({ loader }, "9071"))           -- ids of a model tell its mode
  end)

  it("counts the interfaces that the device declares, not the folders that exist", function()
    tree:plug { place = "1-1", vid = "1199", pid = "68c0", number = 2, count = 5,
      interfaces = { fake.serial(0, "ttyUSB0") } }
    assert.equal("application", list()[1].mode)
  end)

  it("recognises application mode with MBIM alone", function()
    plug("1-1", "1199:9071", 2, { fake.mbim("cdc-wdm0", "wwan0") })
    local dev = list()[1]
    assert.equal("application", dev.mode)
    assert.same({ qmi = {}, mbim = { node "cdc-wdm0" } }, dev.nodes)
    assert.same({}, dev.missing)
  end)

  it("is in application mode with one interface and application ids", function()
    plug("1-1", "1199:9071", 2, { fake.serial(0, "ttyUSB0") })
    assert.equal("application", list()[1].mode)
    assert.is_nil(list()[1].nodes.qdl)
  end)

  it("lists unknown Sierra devices and the boot ROM without a model, and nothing else", function()
    plug("1-1", "1199:ffff", 2, { fake.serial(0, "ttyUSB1") })
    plug("1-2", "05c6:9008", 3, { fake.serial(0, "ttyUSB0") })
    plug("1-3", "046d:c31c", 4)
    local found = list()
    assert.equal(2, #found)
    assert.is_nil(found[1].model)
    assert.equal("application", found[1].mode)
    assert.same({}, found[1].missing)
    assert.equal("boot-rom", found[2].mode)
    assert.is_nil(found[2].nodes.qdl)
  end)

  it("lists a modem that says its maker is Sierra Wireless, whatever its ids", function()
    tree:plug(copy(running, { vid = "413c", pid = "81a2" }))
    tree:plug { place = "1-2", vid = "03f0", pid = "1234", number = 3, manufacturer = "SIERRA WIRELESS Inc." }
    tree:plug { place = "1-3", vid = "03f0", pid = "1235", number = 4, manufacturer = "Sierra Monitor" }
    local found = list()
    assert.same({ "1-2", "2-3" }, { found[1].place, found[2].place })
    assert.is_nil(found[2].model)
    assert.equal(node "cdc-wdm0", found[2].nodes.qmi[1])
    assert.is_nil(found[3])
  end)

  it("does not take a modem for the model of its ids when its product text names another", function()
    for _, case in ipairs { { "1199:68c0", "WP7607" }, { "1199:9071", "EM7565" }, { "1199:9063", "MC7455" } } do
      local ids, name = unpack(case)
      tree:plug { place = "1-1", vid = ids:sub(1, 4), pid = ids:sub(6), number = 2, count = 5,
        product = "Sierra Wireless " .. name .. " Modem" }
      local dev = list()[1]
      assert.is_nil(dev.model)
      assert.equal(name, dev.other.name)
      assert.matches("1%-1 " .. name, device.describe(dev))
      tree:unplug "1-1"
    end
    for _, text in ipairs { "MC7354B", "Sierra Wireless", "Snapdragon X7 LTE-A", "LTE4000" } do
      tree:plug { place = "1-1", vid = "1199", pid = "68c0", number = 2, product = text }
      assert.equal("MC7354", list()[1].model)
      tree:unplug "1-1"
    end
  end)

  it("knows modems that no script is for, and gives no loader port of theirs", function()
    local cases = {
      { "1199:a001", "EM7345", 0, "application" }, { "1199:68a2", "MC77xx", 0, "download" },
      { "1199:c080", "EM7590", 0, "download" }, { "1199:90d3", "EM9xxx", 3, "application" },
    }
    for _, case in ipairs(cases) do
      local ids, name, number, mode = unpack(case)
      plug("1-1", ids, 2, { fake.serial(number, "ttyUSB0") })
      local dev = list()[1]
      assert.same({ name, true, mode }, { dev.other.name, dev.other.final, dev.mode })
      assert.is_nil(dev.model)
      assert.is_nil(dev.nodes.qdl)
      tree:unplug "1-1"
    end
    plug("1-1", "1199:9091", 2, {})
    local own = { name = "EM7565", usb = { application = { "1199:9091" }, download = {} } }
    local dev = device.list(tree.root, { own })[1]
    assert.equal("EM7565", dev.model)
    assert.is_nil(dev.other)
  end)

  it("sorts by the numbers in a place", function()
    for number, place in ipairs { "1-10", "10-1", "1-2", "1-2.1", "2-1" } do
      plug(place, "1199:9071", number)
    end
    local places = {}
    for _, dev in ipairs(list()) do places[#places + 1] = dev.place end
    assert.same({ "1-2", "1-2.1", "1-10", "2-1", "10-1" }, places)
  end)

  it("sorts places in one order, also places that no kernel has", function()
    for number, place in ipairs { "1-1.2", "1-01.1", "1-1.1", "1-001.3", "1-1.10" } do
      plug(place, "1199:9071", number)
    end
    local places = {}
    for index, dev in ipairs(list()) do places[index] = tonumber(dev.place:match "%d+$") end
    assert.same({ 1, 1, 2, 3, 10 }, places)
  end)

  it("reads only decimal digits as a number", function()
    for number, speed in ipairs { "inf", "nan", "-480", "0x10", "1e300", ("9"):rep(400) } do
      tree:plug { place = "1-" .. number, vid = "1199", pid = "9071", number = number, speed = speed }
    end
    tree:plug { place = "1-7", vid = "1199", pid = "9071", number = 7, speed = "1.5" }
    local found = list()
    assert.equal(7, #found)
    for number = 1, 6 do assert.is_nil(found[number].speed) end
    assert.equal(1.5, found[7].speed)
    for _, number in ipairs { "-1", "nan", "1e1", "x" } do
      tree:plug { place = "2-1", vid = "1199", pid = "9071", number = number }
      assert.equal(7, #list())
      tree:unplug "2-1"
    end
  end)

  it("leaves out interfaces without a number, and devices without ids", function()
    plug("1-1", "1199:9071", 2, { fake.serial(0, "ttyUSB0"), fake.serial(2), fake.serial(3), fake.serial(8) })
    for number, text in pairs { [2] = "zz", [3] = "-1", [8] = "" } do
      tree:write(("sys/bus/usb/devices/1-1/1-1:1.%d/bInterfaceNumber"):format(number), text .. "\n")
    end
    plug("1-2", "1199:90 1", 3)
    assert.equal(1, #list())
    assert.equal(1, #list()[1].interfaces)
  end)

  it("replaces control characters", function()
    tree:plug { place = "1-1", vid = "1199", pid = "9071", number = 2, serial = "\27[2Jx", product = "a\rb",
      manufacturer = "c\0d", interfaces = { fake.serial(0, "ttyUSB0", "evil\27") } }
    local dev = list()[1]
    assert.same({ "?[2Jx", "a?b", "c?d", "evil?" },
      { dev.serial, dev.product, dev.manufacturer, dev.interfaces[1].driver })
    assert.not_matches("%c", device.describe(dev))
  end)

  it("names the peer below a hub, and the depth", function()
    tree:plug { place = "2-1.4.3", peer = "1-4.4.2", vid = "1199", pid = "9071", number = 2 }
    local dev = list()[1]
    assert.equal("1-4.4.2", dev.peer)
    assert.equal(2, dev.hub_depth)
  end)

  it("reads control nodes, and ttys of cdc_acm", function()
    plug("1-1", "1199:9071", 2,
      { fake.qmi(8, "cdc-wdm3", "wwan0"), { number = 4, class = "02", driver = "cdc_acm", tty = "ttyACM0" } })
    local dev = list()[1]
    assert.same({ node "cdc-wdm3" }, dev.nodes.qmi)
    assert.equal(node "ttyACM0", dev.interfaces[1].tty)
  end)

  it("names a missing driver and its package", function()
    plug("1-1", "1199:9071", 2,
      { fake.serial(0), { number = 1 }, fake.qmi(8), { number = 12, class = "02" } })
    assert.same({
      { kind = "driver", interface = 0, module = "qcserial", package = "kmod-usb-serial-qualcomm" },
      { kind = "driver", interface = 8, module = "qmi_wwan", package = "kmod-usb-net-qmi-wwan" },
      { kind = "driver", interface = 12, module = "cdc_mbim", package = "kmod-usb-net-cdc-mbim" },
    }, list()[1].missing)
    plug("1-2", "1199:9070", 3, { fake.serial(0) })
    assert.equal("qcserial", list()[2].missing[1].module)
  end)

  it("names who holds an interface, or that it has no driver, of any model", function()
    local function interfaces(driver)
      local all = {}
      for index, number in ipairs { 0, 2, 3, 8 } do
        all[index] = { number = number, class = "ff", driver = driver }
      end
      return all
    end
    plug("1-1", "1199:9071", 2, interfaces "usbfs")
    plug("1-2", "1199:90c3", 3, interfaces())
    plug("1-3", "1199:9fff", 4, { { number = 12, class = "02", driver = "vfio" } })
    local found = list()
    assert.matches("interface 3 is held by usbfs %(qcserial%), interface 8 is held by usbfs %(qmi_wwan%)",
      device.describe(found[1]))
    assert.equal(4, #found[2].missing)
    assert.matches("interface 0 has no driver %(qcserial%)", device.describe(found[2]))
    assert.matches("interface 12 is held by vfio %(cdc_mbim%)", device.describe(found[3]))
    plug("1-4", "1199:9071", 5, { { number = 2, class = "02", driver = "cdc_acm", tty = "ttyACM0" },
      { number = 8, class = "ff", driver = "GobiNet" }, { number = 3, class = "ff", driver = "option" } })
    assert.same({}, list()[4].missing)
  end)

  it("ignores ports of other drivers", function()
    tree:plug(copy(waiting, { interfaces = { fake.serial(0, "ttyUSB0", "pl2303") } }))
    assert.is_nil(list()[1].nodes.qdl)
  end)

  it("leaves out a device that is incomplete", function()
    tree:plug { place = "1-1", vid = "1199", pid = "9071", interfaces = {} }
    tree:plug { place = "1-2", vid = "1199", number = 3, interfaces = {} }
    tree:link("sys/bus/usb/devices/1-3", "../../../../sys/devices/gone")
    assert.same({}, list())
  end)

  it("is_settled when all ports are there", function()
    tree:plug(copy(waiting, { interfaces = { { number = 0, class = "ff" } } }))
    assert.is_false(device.is_settled(list()[1]))
    tree:unplug "1-6"
    tree:plug(waiting)
    assert.is_true(device.is_settled(list()[1]))
  end)

  it("is_there until the device number changes", function()
    tree:plug(running)
    local dev = list()[1]
    assert.is_true(device.is_there(dev))
    tree:unplug "2-3"
    assert.is_false(device.is_there(dev))
    tree:plug(copy(running, { number = 5 }))
    assert.is_false(device.is_there(dev))
    assert.is_true(device.is_there(list()[1]))
  end)

  it("leaves out a device that is replaced while it is read", function()
    tree:plug(running)
    local read_file = sys.read_file
    finally(function() sys.read_file = read_file end)
    function sys.read_file(path)
      if path:match "/speed$" then tree:write("sys/bus/usb/devices/2-3/devnum", "5\n") end
      return read_file(path)
    end
    assert.same({}, list())
  end)

  it("chooses among models with the same ids by the product text, else the last", function()
    local two = { modems.models[1],
      { name = "EM7430", usb = { application = { "1199:9071" }, download = {} } } }
    local function model_of(product)
      tree:plug { place = "1-1", vid = "1199", pid = "9071", number = 2, product = product }
      local model = device.list(tree.root, two)[1].model
      tree:unplug "1-1"
      return model
    end
    assert.equal("MC7455", model_of "Sierra Wireless EM7455 Qualcomm LTE-A")
    assert.equal("EM7430", model_of "em7430")
    assert.equal("EM7430", model_of "Modem")
  end)
end)
