-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Programs of others take the simulated modem for a real one: qmicli, mbimcli, ModemManager with NetworkManager, usbip,
-- and qmi-firmware-update, which updates it.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local UPDATE_MS, MANAGER_MS, POLL_MS = 120000, 120000, 200

local function simulate(model, ...)
  return stage.modem(model, { usb = true, faults = { ... } })
end

-- Runs a program to its end. Returns all that it printed.
local function run(argv, deadline_ms)
  local result = support.run(argv, { deadline_ms = deadline_ms })
  assert(result.status == 0, table.concat(argv, " ") .. ":\n" .. result.stdout .. result.stderr)
  return result.stdout
end

local function control_port()
  return "/dev/" .. assert(sys.list "/sys/class/usbmisc")[1]
end

describe("qmicli and mbimcli", function()
  after_each(support.finish)

  it("ask the modem by QMI #short", function()
    local modem = simulate "mc7455"
    local answers = {
      ["--dms-get-revision"] = "SWI9X30C_02.08.02.00", ["--dms-get-band-capabilities"] = "wcdma-2100",
      ["--nas-get-serving-system"] = "registered", ["--nas-get-system-info"] = "Tracking Area Code: '1'",
      ["--nas-get-signal-info"] = "RSRP: '-95 dBm'", ["--uim-get-card-status"] = "Card state: 'present'",
      ["--wds-get-packet-service-status"] = "disconnected", ["--wda-get-data-format"] = "802-3",
    }
    for option, answer in pairs(answers) do
      local said = run { "qmicli", "-p", "-d", control_port(), option }
      assert(said:find(answer, 1, true), option .. ":\n" .. said)
    end
    assert.same({}, stage.log(modem, "violation"))
  end)

  it("ask the modem by MBIM", function()
    local modem = simulate("mc7455", "composition=9")
    local answers = {
      ["--query-device-caps"] = "Firmware info: 'SWI9X30C_02.08.02.00'",
      ["--query-radio-state"] = "Software radio state: 'on'",
      ["--query-subscriber-ready-status"] = "Ready state: 'initialized'",
      ["--query-registration-state"] = "home", ["--query-signal-state"] = "RSSI [0-31,99]: '23'",
      ["--query-device-services"] = "basic-connect",
    }
    for option, answer in pairs(answers) do
      local said = run { "mbimcli", "-p", "-d", control_port(), option }
      assert(said:find(answer, 1, true), option .. ":\n" .. said)
    end
    assert.matches("SWI9X30C_02.08.02.00",
      run { "qmicli", "-p", "--device-open-mbim", "-d", control_port(), "--dms-get-revision" }, 1, true)
    assert.same({}, stage.log(modem, "violation"))
  end)
end)

describe("qmi-firmware-update", function()
  after_each(support.finish)

  -- It ends well, and the modem has all bytes of the images and runs them.
  local function updates(model, ...)
    local modem, files = simulate(model, ...), stage.images(model, { size = 400000 })
    run({ "qmi-firmware-update", "-w", control_port(), "--ignore-mm-runtime-check", "--update", unpack(files) },
      UPDATE_MS)
    for index, path in ipairs(files) do
      local received = ("%s/received/%d.cwe"):format(modem.folder, index)
      assert.is_true(support.contents(path) == support.contents(received))
    end
    assert.same(stage.new[model], stage.mode(modem).running)
    assert.same({}, stage.log(modem, "violation"))
  end

  for _, model in ipairs { "mc7455", "mc7354", "em7305" } do
    local tag = model == "mc7455" and " #short" or ""
    it("updates the modem by QMI: " .. model .. tag, function() updates(model) end)
    it("updates the modem by MBIM: " .. model, function() updates(model, "composition=8") end)
  end
end)

describe("usbip", function()
  after_each(support.finish)

  it("attaches a modem that another machine serves", function()
    local modem = support.start { support.program, "simulate", "mc7354", "--usb-port", "3240" }
    assert.equal("usbip --tcp-port 3240 attach -r localhost -b 1-1", modem:line())
    assert.matches("1199:68c0", run { "usbip", "--tcp-port", "3240", "list", "-r", "localhost" })
    run { "usbip", "--tcp-port", "3240", "attach", "-r", "localhost", "-b", "1-1" }
    local deadline = sys.clock_ms() + MANAGER_MS
    repeat
      assert(sys.clock_ms() < deadline, "no port")
      sys.sleep_ms(POLL_MS)
    until #(sys.list "/sys/class/usbmisc" or {}) == 2
    assert.matches("MC7354", run { "qmicli", "-p", "-d", control_port(), "--dms-get-model" })
  end)
end)

describe("ModemManager with NetworkManager", function()
  after_each(support.finish)

  local function wait_for(pattern)
    local deadline, said = sys.clock_ms() + MANAGER_MS
    repeat
      said = support.run({ "mmcli", "-m", "any" }, { deadline_ms = MANAGER_MS }).stdout
      if said:find(pattern) then return said end
      sys.sleep_ms(POLL_MS)
    until sys.clock_ms() > deadline
    error("not seen: " .. pattern .. "\n" .. said)
  end

  local function start_managers()
    assert(sys.make_folder "/run/dbus")
    support.start { "dbus-daemon", "--system", "--nofork", "--nopidfile" }
    local deadline = sys.clock_ms() + MANAGER_MS
    while not sys.stat "/run/dbus/system_bus_socket" do
      assert(sys.clock_ms() < deadline, "no bus")
      sys.sleep_ms(POLL_MS)
    end
    support.start { "ModemManager" }
    support.start { "NetworkManager", "--no-daemon" }
  end

  for name, fault in pairs { QMI = "composition=6", MBIM = "composition=8" } do
    it("find the modem, switch it on and off: " .. name, function()
      start_managers()
      local modem = simulate("mc7455", fault)
      local said = wait_for " state: .*registered"
      for _, expected in ipairs { "plugin: sierra", "SWI9X30C_02.08.02.00", "359072060000000", "operator id: 00101" } do
        assert.matches(expected, said, 1, true)
      end
      assert.matches("cdc%-wdm0 +gsm +disconnected", run { "nmcli", "device" })
      run({ "mmcli", "-m", "any", "--disable" }, MANAGER_MS)
      wait_for " state: .*disabled"
      assert.same({}, stage.log(modem, "violation"))
    end)
  end
end)
