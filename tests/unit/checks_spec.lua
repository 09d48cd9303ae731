-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The checklist of `status`: what each answer of a modem makes of it.
local checks = require "moonflash.procedure.checks"
local dms = require "moonflash.protocol.qmi.dms"
local fake_machine = require "tests.fakes.machine"
local modems = require "tests.fakes.modems"
local nas = require "moonflash.protocol.qmi.nas"

local RUNNING = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }
local OTHER = { firmware = "02.24.05.06", carrier = "ATT", config = "002.026_000" }

local function image(kind, unique_id, build_id)
  return { type = kind, images = { { unique_id = unique_id, build_id = build_id } } }
end

local STORED = { image("modem", "?_?", "02.33.03.00_?"), image("pri", "002.072_000", "02.33.03.00_GENERIC") }

-- The rows by name. `given`: changes of the state and of the report; answers by message.
local function rows_of(given)
  local machine = fake_machine.new(given.modem or modems.running)
  local work = machine:job()
  work.request = function(_, message, fields, seconds)
    assert.is_nil(fields)
    assert.equal(3, seconds)
    return (given.answers or {})[message]
  end
  local report = { device = work.device, power = given.power or { mode = "online", causes = {} },
    advice = given.advice or {} }
  local state = { running = RUNNING, preferred = RUNNING, stored = STORED, mode = "online" }
  for name, value in pairs(given.state or {}) do state[name] = value or nil end
  local rows = {}
  for _, row in ipairs(checks.list(work, report, not given.silent and state or nil, given.family)) do
    rows[row.name] = row
  end
  work:finalize()
  machine:remove()
  return rows
end

local function row(name, given)
  local found = rows_of(given)[name]
  return found and { found.state, found.message, found.fix }
end

describe("the checklist", function()
  it("is ok for a modem that is well", function()
    local rows = rows_of { answers = { [dms.uim_get_state] = { state = "ready" },
      [dms.uim_get_pin_status] = { pin1 = { status = "disabled" } },
      [nas.get_serving_system] = { serving = { registration = "registered" } } } }
    for _, name in ipairs { "mode", "images", "preference", "power", "sim", "network", "usb", "drivers", "ports" } do
      assert.equal("ok", rows[name].state, name)
      assert.is_nil(rows[name].fix)
    end
  end)

  it("has no row that needs an answer for a modem that gives none", function()
    local rows = rows_of { silent = true }
    assert.is_nil(rows.images)
    assert.is_nil(rows.sim)
    assert.equal("ok", rows.mode.state)
  end)

  it("says which images do not agree", function()
    assert.same({ "warning", "02.33.03.00 GENERIC 002.072_000, which is not among the stored images",
      "`moonflash update FILE...` stores it again" }, row("images", { state = { stored = {} } }))
    assert.equal("bad", row("images", { family = "the modem says that it is SWI9X15C" })[1])
    assert.same({ "bad", "02.24.05.06 ATT 002.026_000, which it does not store",
      "`moonflash recover` goes back to images that it stores" }, row("preference", { state = { preferred = OTHER } }))
    assert.same({ "warning", "02.33.03.00 GENERIC 002.072_000, which it runs after its next restart",
      "`moonflash at 'AT!RESET'` restarts it" }, row("preference", { state = { running = OTHER } }))
    assert.same({ "ok", "none" }, row("preference", { state = { preferred = false } }))
    assert.matches("its SIM", row("preference", { state = { preferred = { carrier = "AUTO-SIM" } } })[2])
  end)

  it("says why the radio is off, and what to do", function()
    assert.same({ "bad", "low_power: FCC lock (BIOS), temperature", "unlock it; let it cool" },
      row("power", { power = { mode = "low_power", causes = { "FCC lock (BIOS)", "temperature" } },
        advice = { "unlock it", "let it cool" } }))
  end)

  it("says what the SIM needs", function()
    local function sim(state, pin)
      return row("sim", { answers = { [dms.uim_get_state] = { state = state },
        [dms.uim_get_pin_status] = pin and { pin1 = { status = pin } } } })
    end
    assert.same({ "warning", "no SIM", "insert one; an update needs none" }, sim "absent")
    assert.equal("the SIM waits for its PIN", sim("not_ready", "not_verified")[2])
    assert.equal("the SIM waits for its PUK", sim("not_ready", "blocked")[2])
    assert.equal("bad", sim("not_ready", "permanently_blocked")[1])
    assert.same({ "ok", "ready" }, sim("ready", "verified"))
    assert.same({ "warning", "the modem does not say" }, row("sim", {}))
  end)

  it("says whether the modem is registered", function()
    local function network(registration)
      return row("network", { answers = { [nas.get_serving_system] = { serving = { registration = registration } } } })
    end
    assert.same({ "warning", "the modem searches for a network" }, network "searching")
    assert.equal("the network refuses the modem", network "denied"[2])
    assert.same({ "warning", "the modem does not say" }, row("network", {}))
  end)
end)
