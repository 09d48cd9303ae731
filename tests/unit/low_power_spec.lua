-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Why a modem keeps its radio off: what the voters of AT!PCINFO? say, and what QMI says.
local answers = require "moonflash.protocol.at_answers"
local low_power = require "moonflash.procedure.low_power"

local function job_that_answers(line)
  local session = { ask = function(_, question)
    assert(question == "power")
    return answers.power { "State: LowPowerMode", line }
  end }
  return { at = function() return session end }
end

local function found(line, state)
  local seen = { power = { causes = {} }, advice = {} }
  low_power.find(job_that_answers(line), state or { mode = "low_power" }, seen)
  return seen.power.causes
end

describe("the causes of low power", function()
  it("are the voters that vote, not those that are merely listed", function()
    local line = "LPM force flags - W_DISABLE:%d, User:%d, Temp:0, Volt:0, BIOS:%d, GOBIIM:%d"
    assert.same({ "image mismatch (GOBIIM)" }, found(line:format(0, 0, 0, 1)))
    assert.same({ "FCC lock (BIOS)", "the user (AT+CFUN)", "the W_DISABLE pin" },
      found(line:format(1, 1, 1, 0)))
    assert.same({}, found(line:format(0, 0, 0, 0)))
  end)

  it("are voters of sessions over the air, and unknown ones by their own names", function()
    local line = "LPM voters - Temp:0, User:0, IMSWITCH:0, LWM2M:%d, OMADM:%d, FOTA:%d, XYZ_9:%d"
    assert.same({ "firmware over the air (FOTA)" }, found(line:format(0, 0, 1, 0)))
    assert.same({ "a device management session (OMADM)" }, found(line:format(0, 1, 0, 0)))
    assert.same({ "a device management session (LWM2M)", "the voter XYZ_9" }, found(line:format(1, 0, 0, 1)))
  end)

  it("are named when no voter is, but the state is persistent", function()
    for _, line in ipairs { "LPM persistence - Enabled", "LPM Persistent: 1" } do
      assert.same({ "low power is persistent (AT!PCINFO?)" }, found(line))
    end
    assert.same({}, found "LPM persistence - None")
  end)

  it("advise files when the modem stores no pair", function()
    local seen = { power = { causes = {} }, advice = {} }
    local state = { mode = "low_power", stored = {}, running = { firmware = "03.04.03.00" },
      preferred = { firmware = "01.07.19.00" } }
    low_power.find(job_that_answers "LPM voters - IMSWITCH:1", state, seen)
    assert.same({ "give the settings (.nvu) for 03.04.03.00, or the firmware (.cwe) 01.07.19.00: "
      .. "`moonflash recover FILE...`" }, seen.advice)
  end)

  it("are the reasons that QMI gives, each once", function()
    assert.same({ "settings mismatch (PRI image)" },
      found("", { mode = "low_power", reasons = { pri_image = true, host_image = false } }))
  end)
end)
