-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The way back from every known bad state, switching between stored pairs, and what status says.
local stage = require "tests.sim.stage"
local support = require "tests.support"

local function moonflash(modem, ...)
  return stage.moonflash(modem, "--timeout-scale", "0.2", ...)
end

local function state_of(modem)
  return moonflash(modem, "status").lines[1]
end

describe("moonflash recover", function()
  after_each(support.finish)

  local function recovers(...)
    local modem = stage.mc7455(...)
    local run = moonflash(modem, "recover")
    assert.equal(0, run.status, run.stderr)
    local seen = state_of(modem)
    assert.equal("application", seen.mode)
    assert.equal("online", seen.power.mode)
    assert.same(seen.running, seen.preferred)
    return modem
  end

  it("confirms by AT where there is no QMI, and else does not ask again and again", function()
    local script = [[
      package.preload["moonflash.core.qmi"] = function() error("no libqmi", 0) end
      local flash, root, firmware, settings = require "moonflash", ...
      local result = flash.recover { root = root, files = { firmware, settings },
        options = { timeout_scale = 0.2 } }
      print(result.exit, result.failure and result.failure.code)]]
    for model, said in pairs { mc7455 = "0\tnil\n", em7305 = "8\tqmi.unavailable\n" } do
      local new = stage.new[model]
      -- AT says it the second time only
      local modem = stage.modem(model, { faults = { "start=download",
        "error=at.impref:4", "error=at.gobiimpref:4",
        ("preferred=%s/%s/%s"):format(new.firmware, new.carrier, new.config) } })
      local run = support.run(support.lua(script, modem.root, unpack(stage.images(model))))
      assert.equal(said, run.stdout)
    end
  end)

  it("leaves a healthy modem alone", function()
    assert.same({}, stage.commands(recovers()))
  end)

  it("leads a modem out of download mode by a reset", function()
    assert.same({ "switch", "hello", "reset" }, stage.commands(recovers("start=download")))
  end)

  it("asks for the files of a modem that stays in download mode", function()
    local modem = stage.modem("mc7455", { faults = { "start=download", "silence=qdl.write#1" } })
    local killed = stage.start(modem, "update", unpack(stage.images "mc7455"))
    stage.wait_for(modem, "qdl", { command = "write" })
    killed:kill "KILL"
    killed:wait()
    local run = moonflash(modem, "recover")
    assert.same({ 8, "stored.none" }, { run.status, run.result.failure.code })
    assert.matches("give its files: moonflash recover", run.result.failure.hint, 1, true)
    assert.matches("^a modem whose images are not complete stays in download mode and needs its files: moonflash rec",
      run.stderr:match "a modem.*")
    assert.equal(0, moonflash(modem, "recover", unpack(stage.images "mc7455")).status)
  end)

  it("leads a modem back that would go to download mode at every restart", function()
    local modem = stage.mc7455 "preferred=02.08.02.00/ATT/009.009_000"
    assert.equal(0, moonflash(modem, "qmi", "dms", "0x0050", "0x01", "01").status)
    assert.equal(0, moonflash(modem, "recover").status)
    assert.equal("online", state_of(modem).power.mode)
  end)

  it("leads a modem back that prefers an image it does not have", function()
    recovers "preferred=09.09.09.09/ATT/009.009_000"
  end)

  it("leads a modem back whose settings are missing", function()
    recovers "preferred=02.08.02.00/ATT/009.009_000"
  end)

  -- A run that was killed may leave its answer to the next one.
  for _, fault in ipairs { "sequence=qmi.0048", "silence=qmi.0048", "stale=qmi.0048", "refuse=qmi.0048:70",
    "sequence=qmi.002e", "silence=qmi.002e", "refuse=qmi.002e:70" } do
    it("leads a modem back though a request is answered wrong at first: " .. fault, function()
      recovers("preferred=02.08.02.00/ATT/009.009_000", fault)
    end)
  end

  it("resets a modem that waits for its memory to be read", function()
    recovers("start=download", "memory-debug")
  end)
end)

describe("--watch", function()
  after_each(support.finish)

  local cjson = require "cjson"

  it("lists the modems, or asks one, again and again until Ctrl-C", function()
    local modem = stage.mc7455()
    for command, is_seen in pairs { devices = function(seen) return seen.devices[1].model == "MC7455" end,
                                    status = function(seen) return seen.power.mode == "online" end } do
      local child = stage.start(modem, command, "--watch")
      for _ = 1, 2 do assert.is_true(is_seen(cjson.decode(child:line()))) end
      child:kill "INT"
      assert.equal(0, child:wait())
    end
  end)
end)

describe("moonflash switch", function()
  after_each(support.finish)

  it("uses a stored pair without a download", function()
    local modem = stage.mc7455()
    local run = moonflash(modem, "switch", "sprint")
    assert.equal(0, run.status, run.stderr)
    assert.same({ firmware = "02.14.03.02", carrier = "SPRINT", config = "002.012_001" }, run.result.after)
    assert.same({ "0048", "offline", "reset" }, stage.commands(modem))
  end)

  it("takes a build id as well, and has nothing to do when it runs", function()
    local modem = stage.mc7455()
    assert.equal(0, moonflash(modem, "switch", "02.08.02.00_ATT").status)
    assert.equal(2, moonflash(modem, "switch", "ATT").status)
  end)

  it("asks again when the preference is answered wrong at first", function()
    assert.equal(0, moonflash(stage.mc7455 "sequence=qmi.0048", "switch", "sprint").status)
  end)

  it("refuses what is not stored, and says what is", function()
    local modem = stage.mc7455()
    local run = moonflash(modem, "switch", "nobody")
    assert.equal(3, run.status)
    assert.equal("stored.none", run.result.failure.code)
    assert.truthy(run.result.failure.evidence:find("SPRINT", 1, true))
    assert.same({}, stage.commands(modem))
  end)
end)

describe("moonflash status", function()
  after_each(support.finish)

  it("tells versions, preference and stored images, and changes nothing", function()
    local modem = stage.mc7455()
    local seen = state_of(modem)
    assert.same({ firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" }, seen.running)
    assert.same(seen.running, seen.preferred)
    assert.equal("online", seen.power.mode)
    assert.same({}, seen.power.causes)
    assert.equal(8, #seen.stored)
    assert.same({ type = "modem", slot = 1, unique_id = "?_?", build_id = "02.08.02.00_?", active = true,
      failures = 0 }, seen.stored[1])
    assert.same({}, stage.commands(modem))
  end)

  it("names the mismatch and its cure", function()
    local seen = state_of(stage.mc7455 "preferred=09.09.09.09/ATT/009.009_000")
    assert.equal("low_power", seen.power.mode)
    assert.truthy(table.concat(seen.power.causes, " "):find("mismatch", 1, true))
    assert.truthy(table.concat(seen.advice, " "):find("moonflash recover", 1, true))
  end)

  it("tells a modem that waits for an image from one that crashed, without a word to either", function()
    local waiting = stage.mc7455("start=download")
    local crashed = stage.mc7455("start=download", "memory-debug")
    assert.equal("download", state_of(waiting).mode)
    assert.equal("memory-debug", state_of(crashed).mode)
    assert.same({}, stage.commands(waiting))
  end)
end)
