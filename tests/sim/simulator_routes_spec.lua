-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Every way into the simulated modem's download mode, and what the models differ in.
local bench = require "tests.sim.bench"
local bytes = require "moonflash.core.bytes"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local allocate = "01 0f 00 00 00 00 00 01 22 00 04 00 01 01 00 02"
local allocated = "01 17 00 80 00 00 01 01 22 00 0c 00 02 04 00 00 00 00 00 01 02 00 02 01"

-- A request of client 1, transaction 1, with one TLV 0x01 at most; its answer has a result only.
local function request(message, value)
  local tlvs = value and ("01 01 00 " .. value) or ""
  local size = value and "04 00" or "00 00"
  return ("01 %s 00 00 02 01 00 01 00 %s %s %s"):format(value and "10" or "0c", message, size, tlvs)
end

local function result(message, words)
  return ("01 13 00 80 02 01 02 01 00 %s 07 00 02 04 00 %s"):format(message, words)
end
local good = "00 00 00 00"

-- A reset that follows the answer of a port this slowly leaves a busy machine time to read it: what is still
-- unread when a terminal hangs up is lost.
local unhurried = 0.1

local function text(words)
  return bytes.hex(words)
end

local function expect_at(p, command, lines)
  bench.expect(p, text(command .. "\r"), text(command .. "\r\r\n" .. table.concat(lines, "\r\n") .. "\r\n"))
end

local function entered(sim)
  sim:wait_for_event { event = "usb", action = "ready", mode = "download" }
  return true
end

describe("download mode is entered", function()
  after_each(support.finish)

  it("by Set Firmware ID", function()
    local sim = bench.start()
    local p = sim:open "cdc-wdm0"
    bench.expect(p, allocate, allocated)
    bench.expect(p, request "3e 00", result("3e 00", good))
    p:close()
    assert.is_true(entered(sim))
  end)

  it("by Set Boot Image Download Mode, offline, reset", function()
    local sim = bench.start()
    local p = sim:open "cdc-wdm0"
    bench.expect(p, allocate, allocated)
    bench.expect(p, request("50 00", "01"), result("50 00", good))
    bench.expect(p, request("2e 00", "03"), result("2e 00", good))
    bench.expect(p, request("2e 00", "04"), result("2e 00", good))
    p:close()
    assert.is_true(entered(sim))
  end)

  it("by AT!BOOTHOLD, once unlocked", function()
    local sim = bench.start { time_scale = unhurried }
    local p = sim:open "ttyUSB2"
    expect_at(p, "AT!BOOTHOLD", { "ERROR" })
    expect_at(p, 'AT!ENTERCND="A710"', { "", "OK" })
    expect_at(p, "AT!BOOTHOLD", { "", "OK" })
    p:close()
    assert.is_true(entered(sim))
  end)

  it("not by a message the modem refuses", function()
    -- trace qmi-em7565-set-firmware-id-missing-argument
    local sim = bench.start { faults = { "refuse-firmware-id" } }
    local p = sim:open "cdc-wdm0"
    bench.expect(p, allocate, allocated)
    bench.expect(p, request "3e 00", result("3e 00", "01 00 11 00"))
    bench.expect(p, request "47 01", result("47 01", "01 00 47 00"))
    p:close()
    assert.equal(2, #sim:log "usb") -- it came, and did not go
  end)
end)

describe("AT shows", function()
  after_each(support.finish)

  it("why the modem stays in low power", function()
    local sim = bench.start { faults = { "preferred=02.33.03.00/GENERIC/002.072_000" } }
    local p = sim:open "ttyUSB2"
    expect_at(p, "AT!PCINFO?", { "State: Low Power Mode",
      "LPM voters - Temp:0, Volt:0, User:0, W_DISABLE:0, IMSWITCH:1, BIOS:0, LWM2M:0, OMADM:0",
      "LPM persistence - None", "", "OK" })
    expect_at(p, "AT!IMPREF?", { "!IMPREF:", " preferred fw version:    02.33.03.00",
      " preferred carrier name:  GENERIC", " preferred config name:   GENERIC_002.072_000",
      " current fw version:    02.08.02.00", " current carrier name:  GENERIC",
      " current config name:   GENERIC_002.007_001", " fw version mismatch", " config name mismatch",
      "", "OK" })
    p:close()
  end)

  it("the way out: a stored carrier", function()
    local sim = bench.start { faults = { "preferred=02.33.03.00/GENERIC/002.072_000" },
      time_scale = unhurried }
    local p = sim:open "ttyUSB2"
    expect_at(p, 'AT!ENTERCND="A710"', { "", "OK" })
    expect_at(p, 'AT!IMPREF="NOBODY"', { "ERROR" })
    expect_at(p, 'AT!IMPREF="GENERIC"', { "", "OK" })
    expect_at(p, "AT!RESET", { "", "OK" })
    p:close()
    local booted = sim:wait_for_event({ event = "mode", mode = "application" }, 2)
    assert.equal(0, booted.power)
  end)
end)

describe("the models differ:", function()
  after_each(support.finish)

  local function interfaces(sim, place)
    return tonumber(sys.read_file(sim.root .. "/sys/bus/usb/devices/" .. place .. "/bNumInterfaces"))
  end

  it("an MC7354 keeps place and ids, acknowledges 0x70, knows AT!GOBIIMPREF only", function()
    local sim = bench.start { model = "MC7354" }
    assert.equal(5, interfaces(sim, "4-1.4"))
    assert.matches("/4%-1:1.0/4%-1%-port4$", sys.real_path(sim.root .. "/sys/bus/usb/devices/4-1.4/port"))
    local p = sim:open "ttyUSB2"
    expect_at(p, "AT!IMPREF?", { "ERROR" })
    p:close()
    p = sim:open "cdc-wdm0"
    bench.expect(p, allocate, allocated)
    bench.expect(p, request "3e 00", result("3e 00", good))
    p:close()
    local seen = sim:wait_for_event { event = "usb", action = "ready", mode = "download" }
    assert.same({ "4-1.4", "1199", "68c0" }, { seen.place, seen.vid, seen.pid })
    assert.equal(1, interfaces(sim, "4-1.4"))
    p = sim:open "ttyUSB0"
    bench.expect(p, "7e 70 00 00 14 46 7e", "7e 02 6a d3 7e")
    p:close()
  end)

  it("an EM7305 has no AT port, and its loader ids of its own", function()
    local sim = bench.start { model = "em7305" }
    assert.equal(3, interfaces(sim, "1-1"))
    assert.equal("480\n", sys.read_file(sim.root .. "/sys/bus/usb/devices/1-1/speed"))
    local p = sim:open "cdc-wdm0"
    bench.expect(p, allocate, allocated)
    bench.expect(p, request "3e 00", result("3e 00", good))
    p:close()
    assert.equal("9062", sim:wait_for_event({ event = "usb", action = "ready", mode = "download" }).pid)
  end)

  it("in composition 9 there is one MBIM port and nothing else", function()
    local sim = bench.start { faults = { "composition=9" } }
    assert.equal(2, interfaces(sim, "2-3"))
    assert.same({}, sys.list(sim.root .. "/sys/class/tty"))
    local control = sim.root .. "/sys/bus/usb/devices/2-3:1.12/"
    assert.equal("02\n", sys.read_file(control .. "bInterfaceClass"))
    assert.matches("/cdc_mbim$", sys.link(control .. "driver"))
    local p = sim:open "cdc-wdm0"
    bench.expect(p, "01 00 00 00 10 00 00 00 01 00 00 00 00 10 00 00",
      "01 00 00 80 10 00 00 00 01 00 00 00 00 00 00 00")
    -- trace mbim-close
    bench.expect(p, "02 00 00 00 0c 00 00 00 0b 00 00 00", "02 00 00 80 10 00 00 00 0b 00 00 00 00 00 00 00")
    p:close()
    assert.same({}, sim:log "violation")
  end)

  it("there is none that is not known", function()
    local told, failure = require("moonflash.sim").run { model = "em9999", dir = support.folder() }
    assert.is_nil(told)
    assert.equal("usage", failure.code)
    assert.matches("EM7305, EM7511, EM7565, MC7354, MC7455", failure.message, 1, true)
  end)
end)
