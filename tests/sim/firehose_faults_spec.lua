-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The variants of the simulated loader of a 9x50, and what can go wrong in it.
local bench = require "tests.sim.bench"
local build = require "tests.images.build"
local bytes = require "moonflash.core.bytes"
local host = require "tests.sim.firehose_host"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local settings = build.bytes(packages.settings { family = "SWI9X50C", version = "01.14.13.00", config = "002.048_000" })
local sectors = math.ceil(#settings / 4096)

-- A document of a loader of the new generation.
local function answer(element)
  return '<?xml version="1.0" encoding="UTF-8" ?>\n<data>\n' .. element .. " /></data>"
end
local function new_log(text) return answer('<log value="' .. text .. '"') end
local new_good, new_raw = answer '<response value="ACK" rawmode="false"', answer '<response value="ACK" rawmode="true"'
local parse_error = new_log "ERROR: Failed to parse xml, error at offset 506, 512"
local command_error = new_log "ERROR: Failed to run the last command -1"

describe("the simulated loader of a 9x50 with a fault", function()
  after_each(support.finish)

  it("says hello in another mode", function()
    local h = host.start "hello-mode=0"
    h:exchange("", (host.hello:gsub("04 00 00 02", "04 00 00 00")))
    h:close()
  end)

  it("says hello late, and bytes before that spoil the session", function()
    local h = host.start "late=sahara.hello:20"
    h:send "p"
    h:exchange("", host.hello)
    h:exchange(host.hello_response, host.ready)
    h:exchange(host.execute, host.unsupported)
    h:close()
    assert.equal(1, #h:violations())
  end)

  it("says no hello", function()
    local h = host.start "silence=sahara.hello"
    h:say("", "")
    local got, problem = h.port:read(1, 50)
    assert.same({ nil, "port.timeout" }, { got, problem.code })
    h:close()
  end)

  it("refuses to switch", function()
    local h = host.start "refuse=sahara.execute:31"
    h:exchange("", host.hello)
    h:exchange(host.hello_response, host.ready)
    h:exchange(host.execute, host.unsupported)
    h:close()
    assert.same({}, h:violations())
  end)

  it("answers as the new generation", function()
    assert.same({ 122, 110 }, { #parse_error, #command_error })
    local h = host.start_with({ time_scale = 1 }, "generation=new", "last-ack=0.1")
    h:switch()
    h:say(host.ping, new_good)
    h:say(host.configure, (host.limits:gsub("/>\n</data>", "/></data>")))
    h:say(host.storage_info, new_good)
    h:say(host.program(sectors), new_raw)
    h:send_raw(settings)
    h:say("", new_log "SWI CWE image processed OK" .. new_good .. parse_error .. command_error)
    h:say(host.power, new_log " Requested POWER_RESET" .. new_good)
    h:close()
    assert.same({}, h:violations())
  end)

  it("answers the zero block with the image", function()
    for _, start in ipairs { { {}, "zero-block=now" }, { { model = "em7511" } } } do
      local h = host.start_with(unpack(start))
      h:prepare()
      h:package(settings, host.done .. host.unreadable)
      h:package(settings, host.done .. host.unreadable)
      h:restart()
      h:close()
      assert.same({}, h:violations())
    end
  end)

  it("answers zeros that come after the answer to the image", function()
    local h = host.start "zero-block=now"
    h:prepare()
    h:say(host.program(sectors), host.raw)
    h:send(settings .. ("\0"):rep(-#settings % 4096))
    h:say("", host.done)
    h:say(("\0"):rep(512), host.unreadable)
    h:close()
    assert.same({}, h:violations())
  end)

  it("names another block and sector size", function()
    local h = host.start("max-payload=1048576", "sector-size=2048")
    h:switch()
    h:say(host.ping, host.functions .. host.acknowledged)
    h:say(host.configure, (host.limits:gsub("8192", "1048576"):gsub("NAK", "ACK")))
    h:send(host.storage_info)
    assert.truthy(h:receive_until(host.acknowledged):find("SECTOR_SIZE_IN_BYTES = 2048", 1, true))
    h:say(host.program(math.ceil(#settings / 2048), 2048), host.raw)
    h:close()
    assert.same({}, h:violations())
  end)

  it("lists bad blocks", function()
    local h = host.start "bad-blocks=100"
    local _, count = h:prepare():gsub('"BAD_BLOCK=', "")
    assert.equal(100, count)
    h:close()
  end)

  it("tells its functions before it is asked", function()
    local h = host.start "unasked-log"
    h:switch()
    h:say("", host.functions)
    h:say(host.ping, host.acknowledged)
    h:close()
  end)

  local deliveries = {
    separate = host.functions .. host.acknowledged, cut = host.functions .. host.acknowledged,
    lines = host.functions .. "\r\n" .. host.acknowledged .. "\r\n",
  }
  for delivery, text in pairs(deliveries) do
    it("delivers its answers so: " .. delivery, function()
      local h = host.start("delivery=" .. delivery)
      h:switch()
      h:say(host.ping, text)
      h:say(host.configure, delivery == "lines" and host.limits .. "\r\n" or host.limits)
      h:close()
    end)
  end

  local changed = {
    { "split=firehose.nop", host.functions .. host.acknowledged },
    { "late=firehose.nop:1", host.functions .. host.acknowledged },
    { "stale=firehose.nop", "\255\0~*" .. host.functions .. host.acknowledged },
    { "cut=firehose.nop", host.functions:sub(1, 88) },
    { "refuse=firehose.nop", host.refused },
  }
  for _, row in ipairs(changed) do
    it(row[1], function()
      local h = host.start(row[1])
      h:switch()
      h:say(host.ping, row[2])
      h:close()
    end)
  end

  it("refuses the second package", function()
    local h = host.start("refuse=firehose.program#2", "zero-block=now")
    h:prepare()
    h:package(settings, host.done .. host.unreadable)
    h:say(host.program(sectors), host.refused)
    h:close()
  end)

  it("refuses a package at its end, and stays in download mode", function()
    local h = host.start "refuse=firehose.end"
    h:prepare()
    h:package(settings, host.bad)
    h:leave()
    h.modem:wait_for_event({ event = "usb", action = "ready", mode = "download" }, 2)
    h:close()
    assert.same({}, h:violations())
  end)

  it("refuses in the middle of a package, and takes the rest of it", function()
    local h = host.start "refuse=firehose.write#2"
    h:prepare()
    h:say(host.program(sectors), host.raw)
    h:send_raw(settings)
    h:say("", host.refused:gsub(" />", ' rawmode="false" />', 1))
    h:say(host.power, host.unreadable)
    h:close()
    assert.same({}, h:violations())
  end)

  it("refuses in the middle of a package, and reads no more", function()
    local h = host.start("refuse=firehose.write#2", "deaf=firehose.write#2")
    h:prepare()
    h:say(host.program(1000), host.raw)
    local sent, problem = h.port:write(settings:rep(40), 300)
    assert.same({ nil, "port.timeout" }, { sent, problem.code })
    h:say("", host.refused:gsub(" />", ' rawmode="false" />', 1))
    h:close()
  end)

  local messages = { "sahara.hello", "sahara.response", "sahara.execute", "sahara.data", "firehose.nop",
    "firehose.configure", "firehose.getstorageinfo", "firehose.program", "firehose.write#3", "firehose.end",
    "firehose.power" }
  for _, message in ipairs(messages) do
    it("vanishes at " .. message .. ", and comes back", function()
      local h = host.start("zero-block=now", "unplug=" .. message)
      pcall(function()
        h:prepare()
        h:package(settings, host.done .. host.unreadable)
        h:say(host.power, host.restarting)
      end)
      h:close()
      assert.equal("unplug", h.modem:wait_for_event({ event = "fault" }).fault)
      local mode = message == "firehose.write#3" and "download" or "application"
      h.modem:wait_for_event({ event = "usb", action = "ready", mode = mode }, mode == "download" and 2 or 1)
      assert.same({}, h:violations())
    end)
  end

  it("vanishes at a block, and says hello again", function()
    local h = host.start "unplug=firehose.write#2"
    h:prepare()
    h:say(host.program(sectors), host.raw)
    h:send(settings:sub(1, 16384))
    h.modem:wait_for_event({ event = "usb", action = "ready", mode = "download" }, 2)
    h:close()
    h:open()
    h:prepare()
    h:package(settings)
    h:close()
    assert.equal(settings, h:received(2))
  end)

  it("restarts without an answer", function()
    local h = host.start "silent-power"
    h:switch()
    h:restart()
    h.modem:wait_for_event { event = "usb", action = "ready", mode = "application" }
    h:close()
  end)

  it("stops reading at a block", function()
    local h = host.start "deaf=firehose.write#2"
    h:prepare()
    h:say(host.program(1000), host.raw)
    local sent, problem = h.port:write(settings:rep(40), 300)
    assert.same({ nil, "port.timeout" }, { sent, problem.code })
    h:close()
  end)
end)

describe("the simulated EM7565", function()
  after_each(support.finish)

  local allocate = "01 0f 00 00 00 00 00 01 22 00 04 00 01 01 00 02"
  local allocated = "01 17 00 80 00 00 01 01 22 00 0c 00 02 04 00 00 00 00 00 01 02 00 02 01"
  local function start(...)
    local sim = bench.start { model = "em7565", faults = { ... } }
    local p = sim:open "cdc-wdm0"
    bench.expect(p, allocate, allocated)
    return sim, p, bench.expect
  end

  it("has the ids and interfaces of its family", function()
    local sim, p = start()
    local function attribute(path)
      return (sys.read_file(sim.root .. "/sys/bus/usb/devices/" .. path):gsub("\n$", ""))
    end
    assert.same({ "1199", "9091", " 4" },
      { attribute "1-2/idVendor", attribute "1-2/idProduct", attribute "1-2/bNumInterfaces" })
    assert.matches("EM7565.*X16 LTE%-A", attribute "1-2/product")
    p:close()
    sim = host.start().modem
    assert.same({ "9090", " 1", "02" },
      { attribute "1-2/idProduct", attribute "1-2/bNumInterfaces", attribute "1-2:1.0/bNumEndpoints" })
    assert.matches("EM7565", attribute "1-2/product")
  end)

  it("has ids that no serial driver knows, with MBIM", function()
    local sim = bench.start { model = "em7565", faults = { "composition=90b1" } }
    local devices = sim.root .. "/sys/bus/usb/devices/"
    assert.equal("90b1\n", sys.read_file(devices .. "1-2/idProduct"))
    assert.equal(" 5\n", sys.read_file(devices .. "1-2/bNumInterfaces"))
    assert.matches("/cdc_mbim$", sys.link(devices .. "1-2:1.0/driver"))
    assert.is_nil((sys.link(devices .. "1-2:1.2/driver")))
    assert.same({ "cdc-wdm0" }, sys.list(sim.root .. "/dev"))
    sim = bench.start { model = "em7565", faults = { "composition=90b1", "start=download" } }
    assert.equal("90b0\n", sys.read_file(sim.root .. "/sys/bus/usb/devices/1-2/idProduct"))
    assert.same({}, sys.list(sim.root .. "/dev"))
  end)

  it("refuses other ways into download mode (trace qmi-em7565-set-firmware-id-missing-argument)", function()
    local _, p, expect = start()
    expect(p, "01 0c 00 00 02 01 00 01 00 3e 00 00 00", "01 13 00 80 02 01 02 01 00 3e 00 07 00 02 04 00 01 00 11 00")
    expect(p, "01 10 00 00 02 01 00 02 00 50 00 04 00 01 01 00 01",
      "01 13 00 80 02 01 02 02 00 50 00 07 00 02 04 00 01 00 5e 00")
    p:close()
  end)

  it("requests both images, and restarts into its loader", function()
    local sim, p, expect = start()
    local text, good = bytes.hex, "07 00 02 04 00 00 00 00 00"
    expect(p, "01 54 00 00 02 01 00 01 00 48 00 48 00 01 45 00 02 00 3f 5f 3f" .. ("00"):rep(13) .. "0d"
      .. text "01.14.13.00_?" .. "01" .. text "002.048_000" .. ("00"):rep(5) .. "13" .. text "01.14.13.00_GENERIC",
      "01 19 00 80 02 01 02 01 00 48 00 0d 00 02 04 00 00 00 00 00 01 03 00 02 00 01")
    expect(p, "01 10 00 00 02 01 00 01 00 2e 00 04 00 01 01 00 03", "01 13 00 80 02 01 02 01 00 2e 00" .. good)
    expect(p, "01 10 00 00 02 01 00 01 00 2e 00 04 00 01 01 00 04", "01 13 00 80 02 01 02 01 00 2e 00" .. good)
    assert.equal("9090", sim:wait_for_event({ event = "usb", action = "ready", mode = "download" }).pid)
    p:close()
  end)
end)
