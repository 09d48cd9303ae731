-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The simulated modem as the outside sees it: folders, nodes, ports, modes. Bytes are those of the
-- documents and traces.
local bench = require "tests.sim.bench"
local bytes = require "moonflash.core.bytes"
local flash = require "moonflash"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local uevent = require "moonflash.core.uevent"

local allocate = "01 0f 00 00 00 00 00 01 22 00 04 00 01 01 00 02"
local allocated = "01 17 00 80 00 00 01 01 22 00 0c 00 02 04 00 00 00 00 00 01 02 00 02 01"
-- 02.24.05.06, 002.026_000, GENERIC: reference qmi 4
local prefer = [[01 54 00 00 02 01 00 01 00 48 00 48 00 01 45 00 02 00 3f 5f 3f 00 00 00 00 00 00 00 00 00 00
  00 00 00 0d 30 32 2e 32 34 2e 30 35 2e 30 36 5f 3f 01 30 30 32 2e 30 32 36 5f 30 30 30 00 00 00 00 00 13 30
  32 2e 32 34 2e 30 35 2e 30 36 5f 47 45 4e 45 52 49 43]]
local wants_both = "01 19 00 80 02 01 02 01 00 48 00 0d 00 02 04 00 00 00 00 00 01 03 00 02 00 01"
local wants_none = "01 17 00 80 02 01 02 01 00 48 00 0b 00 02 04 00 00 00 00 00 01 01 00 00"

local function set_power(power)
  return "01 10 00 00 02 01 00 01 00 2e 00 04 00 01 01 00 " .. power
end
local power_set = "01 13 00 80 02 01 02 01 00 2e 00 07 00 02 04 00 00 00 00 00"
local invalid_transition = "01 13 00 80 02 01 02 01 00 2e 00 07 00 02 04 00 01 00 3c 00"

local function open_dms(sim)
  local p = sim:wait_for("cdc-wdm0")
  bench.expect(p, allocate, allocated)
  return p
end

local function restart_into_download(sim)
  local p = open_dms(sim)
  bench.expect(p, prefer, wants_both)
  bench.expect(p, set_power "03", power_set)
  bench.expect(p, set_power "04", power_set)
  sim:wait_for_event { event = "usb", action = "ready", mode = "download" }
  p:close()
end

local function enter_download(sim)
  restart_into_download(sim)
  return sim:open "ttyUSB0"
end

describe("a simulated modem", function()
  after_each(support.finish)

  it("takes the images that `simulate --images` has written for it", function()
    for _, case in ipairs { { "mc7455" }, { "mc7354" }, { "em7305" },
      { "mc7354", "--carrier=GENEU-4G", "--config-version=005.026_000" } } do
      local folder = support.folder()
      local sim = support.start { support.program, "simulate", "--dir", folder .. "/modem",
        "--images", folder .. "/images", "--time-scale", "0.01", unpack(case) }
      assert.equal(folder .. "/modem", sim:line(20000))
      local update = { support.program, "--root", folder .. "/modem", "update" }
      for _, name in ipairs(sys.list(folder .. "/images")) do
        update[#update + 1] = folder .. "/images/" .. name
      end
      for _, status in ipairs { 0, 2 } do
        local ran = support.run(update, { deadline_ms = 60000 })
        assert.equal(status, ran.status, ran.stderr)
      end
      sim:kill "INT"
      assert.equal(0, sim:wait(10000))
    end
  end)

  it("has images written of the version, carrier and settings that the command line says", function()
    local folder = support.folder()
    local argv = { support.program, "simulate", "mc7455", "--dir", folder .. "/modem", "--images", folder,
      "--firmware-version", "02.20.03.00", "--carrier", "ATT", "--config-version", "002.019_000" }
    local sim = support.start(argv)
    sim:line(20000)
    local base = folder .. "/SWI9X30C_02.20.03.00"
    local set = flash.image.set { flash.try(flash.image.inspect(base .. ".cwe")),
      flash.try(flash.image.inspect(base .. "_ATT_002.019_000.nvu")) }
    assert.is_true(set.ok)
    assert.same({ "02.20.03.00", "ATT", "002.019_000" }, { set.firmware, set.carrier, set.config })
    sim:kill "INT"
    assert.equal(0, sim:wait(10000))
    argv[8] = "02"
    assert.equal(1, support.run(argv).status)
  end)
end)

describe("the simulated MC7455", function()
  after_each(support.finish)

  it("lays out the kernel's folders", function()
    local sim = bench.start()
    local devices = sim.root .. "/sys/bus/usb/devices/"
    local function read(path) return assert(sys.read_file(devices .. path)) end
    assert.equal("1199\n", read "2-3/idVendor")
    assert.equal("9071\n", read "2-3/idProduct")
    assert.equal(" 5\n", read "2-3/bNumInterfaces")
    assert.equal("5000\n", read "2-3/speed")
    assert.equal("on\n", read "2-3/power/control")
    assert.equal("0a\n", read "2-3:1.10/bInterfaceNumber")
    assert.equal("ff\n", read "2-3:1.8/bInterfaceClass")
    assert.matches("/qmi_wwan$", sys.link(devices .. "2-3:1.8/driver"))
    assert.matches("/usb2/2%-0:1.0/usb2%-port3$", sys.real_path(devices .. "2-3/port"))
    assert.matches("/usb1/1%-0:1.0/usb1%-port6$", sys.real_path(devices .. "2-3/port/peer"))
    assert.matches("/2%-3/2%-3:1.3/ttyUSB2/tty/ttyUSB2$", sys.real_path(sim.root .. "/sys/class/tty/ttyUSB2"))
    assert.matches("/2%-3/2%-3:1.10/usbmisc/cdc%-wdm1$",
      sys.real_path(sim.root .. "/sys/class/usbmisc/cdc-wdm1"))
    assert.same({ "wwan0", "wwan1" }, sys.list(sim.root .. "/sys/class/net"))
    assert.equal("character", sys.stat(sys.real_path(sim.root .. "/dev/cdc-wdm0")).kind)
  end)

  it("answers on every port as such a port does", function()
    local sim = bench.start()
    local diag, nmea, at = sim:open "ttyUSB0", sim:open "ttyUSB1", sim:open "ttyUSB2"
    bench.expect(diag, "7e 70 00 00 14 46 7e", "13 70 00 00 6a 9a 7e")
    bench.expect_silence(nmea, "7e 70 00 00 14 46 7e", 50)
    bench.expect(at, "7e 70 00 00 14 46 7e", "7e 70 00 00 14 46 7e")
    bench.expect(at, bytes.hex "\rAT!BOOTHOLD\r", bytes.hex "\rAT!BOOTHOLD\r\r\nERROR\r\n")
    bench.expect(at, bytes.hex "ATE0\r", bytes.hex "ATE0\r\r\n\r\nOK\r\n")
    bench.expect(at, bytes.hex "AT!SKU?\r", bytes.hex "\r\n1102476\r\n\r\nOK\r\n")
    for _, p in ipairs { diag, nmea, at } do p:close() end
  end)

  it("keeps clients of its two QMI ports apart", function()
    local sim = bench.start()
    local first, second = sim:open "cdc-wdm0", sim:open "cdc-wdm1"
    bench.expect(first, allocate, allocated)
    bench.expect(second, allocate, allocated)
    bench.expect(first, set_power "00", power_set)
    first:close()
    second:close()
    assert.same({}, sim:log "violation")
  end)

  it("goes from a preference to download mode on its USB2 place, and announces it", function()
    local sim = bench.start()
    local listener = uevent.open(sim.root)
    enter_download(sim):close()
    local order = {}
    while order[#order] ~= "add tty ttyUSB0" do
      local event = assert(listener:next(2000))
      order[#order + 1] = event.ACTION .. " " .. event.SUBSYSTEM .. " " .. event.DEVPATH:match "[^/]*$"
    end
    listener:close()
    local words = table.concat(order, "\n")
    assert.matches("remove usb 2%-3\n.*add usb 1%-6\nadd usb 1%-6:1.0\nbind usb 1%-6:1.0\n", words)
    assert.matches("remove tty ttyUSB2\n.*remove usb 2%-3\n", words)
    assert.equal(" 1\n", sys.read_file(sim.root .. "/sys/bus/usb/devices/1-6/bNumInterfaces"))
    assert.equal("480\n", sys.read_file(sim.root .. "/sys/bus/usb/devices/1-6/speed"))
    assert.is_nil(sys.stat(sim.root .. "/sys/bus/usb/devices/2-3"))
    assert.same({}, sys.list(sim.root .. "/sys/class/usbmisc"))
  end)

  it("leaves download mode by itself, and then refuses to go online", function()
    local sim = bench.start { time_scale = 0.003, faults = { "window=29" } }
    restart_into_download(sim)
    sim:wait_for_event { event = "mode", mode = "application", power = 1 }
    local p = open_dms(sim)
    bench.expect(p, set_power "00", invalid_transition)
    p:close()
  end)

  it("refuses a reset that was not offline before", function()
    local sim = bench.start()
    local p = open_dms(sim)
    bench.expect(p, set_power "04", invalid_transition)
    p:close()
  end)

  it("switches to a stored pair without download mode", function()
    local sim = bench.start { faults = { "stored=02.24.05.06/GENERIC/002.026_000" }, time_scale = 0.001 }
    local p = open_dms(sim)
    bench.expect(p, prefer, wants_none)
    bench.expect(p, set_power "03", power_set)
    bench.expect(p, set_power "04", power_set)
    sim:wait_for_event { event = "usb", action = "remove" }
    p:close()
    local booted = sim:wait_for_event({ event = "mode", mode = "application" }, 2)
    assert.equal("02.24.05.06", booted.running.firmware)
    assert.equal(0, booted.power)
  end)

  it("runs what it received, and keeps it byte for byte", function()
    local sim = bench.start()
    local folder = support.folder()
    local options = { version = "02.24.05.06", config = "002.026_000", size = 300000 }
    local images = {}
    for index, kind in ipairs { "firmware", "settings" } do
      images[index] = sys.read_file(packages.write(packages[kind](options), folder))
    end
    local p = enter_download(sim)
    for _, image in ipairs(images) do
      assert.equal("\42\0\0\0\0", bench.send(p, image, 65536))
    end
    bench.frame(p, "\112\0\0")
    assert(p:write(bytes.from_hex "7e 2d 9f 0a 7e", 1000))
    p:close()
    local booted = sim:wait_for_event({ event = "mode", mode = "application" }, 2)
    assert.same({ firmware = "02.24.05.06", carrier = "GENERIC", config = "002.026_000" }, booted.running)
    assert.equal(0, booted.power)
    for index, image in ipairs(images) do
      assert.is_true(image == sys.read_file(("%s/received/%d.cwe"):format(sim.root, index)))
    end
    assert.same({}, sim:log "violation")
  end)

  it("is not alone when asked for several", function()
    local sim = bench.start { modems = {
      { model = "mc7455" }, { model = "mc7455", faults = { "place=2-1", "serial=B" } },
    } }
    assert.same({ "1-0:1.0", "2-0:1.0", "2-1", "2-1:1.0", "2-1:1.10", "2-1:1.2", "2-1:1.3", "2-1:1.8", "2-3",
      "2-3:1.0", "2-3:1.10", "2-3:1.2", "2-3:1.3", "2-3:1.8", "usb1", "usb2" },
      sys.list(sim.root .. "/sys/bus/usb/devices"))
    assert.equal(6, #sys.list(sim.root .. "/sys/class/tty"))
    assert.truthy(sys.stat(sim.root .. "/modem-2/log"))
  end)

  it("cleans up at a signal and leaves its records", function()
    local sim = bench.start()
    sim.child:kill "TERM"
    assert.equal(0, sim.child:wait())
    assert.same({}, sys.list(sim.root .. "/dev"))
    assert.is_nil(sys.stat(sim.root .. "/uevent"))
    assert.truthy(sys.stat(sim.root .. "/log"))
    assert.truthy(sys.stat(sim.root .. "/received"))
  end)
end)
