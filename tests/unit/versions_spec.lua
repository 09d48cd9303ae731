-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What agrees with what: versions of a preference, of the running firmware, and those that are wanted.
local versions = require "moonflash.procedure.versions"

local new = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }
local old = { firmware = "02.08.02.00", carrier = "ATT", config = "002.009_001" }
local typed = { firmware = "02.33.03.00", carrier = "Generic", config = "002.072_000" }
local automatic = { firmware = "00.00.00.00", carrier = "AUTO-SIM", config = "000.000_000" }

local function state(running, preferred, mode, reasons)
  return { running = running, preferred = preferred, mode = mode or "online", reasons = reasons }
end

describe("versions.of_preference", function()
  local function of(build_id, unique_id)
    return versions.of_preference { { type = "pri", build_id = build_id, unique_id = unique_id } }
  end

  it("names no images when its texts are empty or words for nothing", function()
    for _, text in ipairs { "", "  ", "Unknown", "none" } do assert.is_nil(of("00.06.02.00_" .. text, text)) end
    assert.is_nil(of("", ""))
    assert.same(new, of("02.33.03.00_GENERIC ", " 002.072_000"))
  end)
end)

describe("versions.difference", function()
  it("is none for what runs and is preferred, in any letter case while the radio is on", function()
    assert.is_nil(versions.difference(new, state(new, new)))
    assert.is_nil(versions.difference(new, state(new, typed)))
    assert.is_nil(versions.difference(new, state(new)))
    assert.matches("low power", versions.difference(new, state(new, typed, "low_power")))
    assert.is_nil(versions.difference(new, state(new, typed, "low_power", { memory_full = true })))
  end)

  it("is in what runs, or in what is preferred", function()
    assert.equal("it runs 02.08.02.00 ATT 002.009_001", versions.difference(new, state(old, new)))
    assert.equal("it prefers 02.08.02.00 ATT 002.009_001", versions.difference(new, state(new, old)))
  end)

  it("is none when the modem chooses by its SIM", function()
    assert.is_nil(versions.difference(new, state(new, automatic)))
    assert.is_nil(versions.difference(automatic, state(old, automatic, "low_power")))
    assert.matches("it prefers", versions.difference(automatic, state(old, old)))
  end)
end)

describe("versions.warn_of_automatic", function()
  it("warns once that the choice by the SIM ends", function()
    local job = { phase = "untouched", set = new, state = state(old, automatic), warned = {} }
    function job.warn(_, code) table.insert(job.warned, code) end
    versions.warn_of_automatic(job)
    job.phase = "entering"
    versions.warn_of_automatic(job)
    job.phase, job.state.preferred = "untouched", old
    versions.warn_of_automatic(job)
    assert.same({ "modem.auto_sim" }, job.warned)
  end)
end)
