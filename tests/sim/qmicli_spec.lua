-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Independent witnesses: the real qmicli (libqmi) and mbimcli (libmbim) must understand the simulator's control ports.
local bench = require "tests.sim.bench"
local support = require "tests.support"

local function find(program)
  for folder in (os.getenv "PATH" or ""):gmatch "[^:]+" do
    local file = io.open(folder .. "/" .. program)
    if file then
      file:close()
      return folder .. "/" .. program
    end
  end
end

local qmicli, mbimcli = find "qmicli", find "mbimcli"

describe("qmicli on the simulator", function()
  if not qmicli then
    pending("needs qmicli, of the package libqmi-utils")
    return
  end

  local sim
  before_each(function() sim = bench.start() end)
  after_each(support.finish)

  local function ask(option, node, way)
    local result = support.run { qmicli, "-d", sim.root .. "/dev/" .. (node or "cdc-wdm0"),
      way or "--device-open-qmi", option }
    assert.equal(0, result.status, result.stderr)
    return result.stdout
  end

  it("reads revision, model and operating mode", function()
    assert.matches("Revision: 'SWI9X30C_02.08.02.00'", ask "--dms-get-revision", 1, true)
    assert.matches("Model: 'MC7455'", ask "--dms-get-model", 1, true)
    assert.matches("Mode: 'online'", ask "--dms-get-operating-mode", 1, true)
    assert.matches("Mode: 'online'", ask("--dms-get-operating-mode", "cdc-wdm1"), 1, true)
  end)

  it("reads the preference and sets one", function()
    assert.matches("Build ID:   '02.08.02.00_GENERIC'", ask "--dms-get-firmware-preference", 1, true)
    local told = ask "--dms-set-firmware-preference=02.33.03.00,002.072_000,GENERIC"
    assert.matches("Images to download: 'modem, pri'", told, 1, true)
    local now = ask "--dms-get-firmware-preference"
    assert.matches("Image type: 'pri'\n\tUnique ID:  '002.072_000'\n\tBuild ID:   '02.33.03.00_GENERIC'",
      now, 1, true)
  end)

  it("lists the stored images and knows which one runs", function()
    local listed = ask "--dms-list-stored-images"
    assert.matches("Build ID:      '02.14.03.02_?'\n\t\tStorage index: '3'", listed, 1, true)
    assert.matches("Build ID:      '02.05.07.00_VERIZON'", listed, 1, true)
    assert.matches("%[CURRENT%] <+\n\t\t%[modem0%]", listed)
    assert.matches("%[CURRENT%] <+\n\t\t%[pri1%]", listed)
  end)

  it("reads the same through MBIM", function()
    sim = bench.start { faults = { "composition=9" } }
    local told = ask("--dms-get-revision", "cdc-wdm0", "--device-open-mbim")
    assert.matches("Revision: 'SWI9X30C_02.08.02.00'", told, 1, true)
    told = ask("--dms-list-stored-images", "cdc-wdm0", "--device-open-mbim")
    assert.matches("Build ID:      '02.05.07.00_VERIZON'", told, 1, true)
    assert.same({}, sim:log "violation")
  end)

  it("goes offline, and sees the reset accepted", function()
    ask "--dms-set-operating-mode=offline"
    ask "--dms-set-operating-mode=reset"
    sim:wait_for_event { event = "usb", action = "remove" }
    assert.same({}, sim:log "violation")
  end)

  it("reads what a manager of modems asks", function()
    local answers = {
      ["--get-service-version-info"] = "nas (1.25)", ["--nas-get-home-network"] = "Description: 'Test'",
      ["--dms-get-band-capabilities"] = "LTE bands: '1, 2, 3, 4, 5, 7, 12, 13",
      ["--nas-get-serving-system"] = "Registration state: 'registered'",
      ["--nas-get-signal-strength"] = "Network 'lte': '-67 dBm'", ["--nas-get-signal-info"] = "RSRP: '-95 dBm'",
      ["--nas-get-system-info"] = "Tracking Area Code: '1'", ["--nas-get-rf-band-info"] = "eutran-3",
      ["--nas-get-technology-preference"] = "lte", ["--nas-get-system-selection-preference"] = "gsm, umts, lte",
      ["--uim-get-card-status"] = "Application state: 'ready'",
      ["--wda-get-data-format"] = "Link layer protocol: '802-3'",
      ["--wds-get-packet-service-status"] = "disconnected", ["--wds-get-profile-list=3gpp"] = "APN: 'test'",
    }
    for option, answer in pairs(answers) do assert.matches(answer, ask(option), 1, true) end
  end)

  it("has no signal and no network without its radio", function()
    ask "--dms-set-operating-mode=low-power"
    assert.matches("not-registered", ask "--nas-get-serving-system", 1, true)
    assert.matches("Status: 'none'", ask "--nas-get-system-info")
    assert.not_matches("RSSI", ask "--nas-get-signal-info")
  end)
end)

describe("mbimcli on the simulator", function()
  if not mbimcli then
    pending("needs mbimcli, of the package libmbim-utils")
    return
  end

  after_each(support.finish)

  it("reads what a manager of modems asks", function()
    local sim = bench.start { faults = { "composition=9" } }
    local answers = {
      { "--query-device-caps", "Firmware info: 'SWI9X30C_02.08.02.00'" }, { "--query-device-services", "pin-list (5)" },
      { "--query-subscriber-ready-status", "Telephone numbers: (1) '+15550104711'" },
      { "--query-radio-state", "Software radio state: 'on'" }, { "--query-pin-state", "PIN state: 'unlocked'" },
      { "--query-pin-list", "Max length: '8'" }, { "--query-home-provider", "Provider ID: '00101'" },
      { "--query-registration-state", "Register state: 'home'" }, { "--query-signal-state", "RSSI [0-31,99]: '23'" },
      { "--query-packet-service-state", "300000000 bps" }, { "--query-connection-state", "deactivated" },
      { "--query-provisioned-contexts", "contexts (0)" }, { "--set-radio-state=off", "Software radio state: 'off'" },
      { "--query-registration-state", "Register state: 'deregistered'" },
    }
    for _, answer in ipairs(answers) do
      local result = support.run { mbimcli, "-d", sim.root .. "/dev/cdc-wdm0", answer[1] }
      assert.equal(0, result.status, result.stderr)
      assert.matches(answer[2], result.stdout, 1, true)
    end
    assert.same({}, sim:log "violation")
  end)
end)
