-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- An independent witness: the real qmicli (libqmi) must understand the simulator's QMI port.
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

local qmicli = find "qmicli"

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
end)
