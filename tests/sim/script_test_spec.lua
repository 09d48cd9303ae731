-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- moonflash test-script: the bundled procedure survives every fault, and scripts that do not are found.
local cjson = require "cjson"
local exit = require "moonflash.commands.result"
local images = require "moonflash.sim.test_images"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local script_test = require "moonflash.sim.script_test"

local function script(text)
  local path = support.folder() .. "/own.lua"
  assert(sys.write_file(path, text))
  return path
end

local function test_script(...)
  local argv = { support.program, "--json", "test-script", ... }
  local run = support.run(argv, { deadline_ms = 250000 })
  run.rows = {}
  for line in run.stdout:gmatch "[^\n]+" do run.rows[#run.rows + 1] = cjson.decode(line) end
  run.result = table.remove(run.rows)
  for _, row in ipairs(run.rows) do run.rows[row.fault] = row end
  return run
end

-- In this process, with faults of our own choice.
local function try(path, faults, model, within_ms, options, program)
  model = model or "mc7455"
  local rows, warnings = {}, {}
  local result, problem = script_test.run {
    script = path, model = model, program = program or support.program, time_scale = 0.01, chunk_size = 65536,
    files = assert(images.write(model, support.folder(), 300000)), faults = faults, within_ms = within_ms,
    options = options,
    report = function(row) rows[#rows + 1] = row end,
    emit = function(event) warnings[#warnings + 1] = event end,
  }
  return rows, result, problem, warnings
end

describe("moonflash test-script", function()
  after_each(support.finish)

  it("finds that the bundled procedure leaves no modem broken", function()
    local run = test_script "mc7455"
    assert.equal(0, run.status, run.stdout .. run.stderr)
    assert.equal(#require("moonflash.sim.script_faults").of "mc7455", #run.rows)
    local plain = run.rows["no fault"]
    assert.equal("online", plain.ended)
    assert.same({ 0 }, plain.exits)
    assert.same({ firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }, plain.running)
    for _, row in ipairs(run.rows) do assert.equal("online", row.ended, row.fault) end
    assert.same({ 6 }, run.rows["window missed"].exits)
    assert.equal("enter download mode", run.rows["window missed"].failure.step)
  end)

  it("is not misled by warnings before an answer", function()
    local program = support.folder() .. "/program"
    assert(sys.write_file(program, ([[#!/bin/sh
warning='{"v":1,"t":0,"event":"warning","code":"script.invalid","message":"another script is left out"}'
case "$*" in *simulate*) ;; *) echo "$warning" ;; esac
exec "%s" "$@"]]):format(support.program)))
    assert.equal(0, support.run({ "chmod", "755", program }).status)
    local quiet = script "return function() end"
    local rows, ok, problem = try(quiet, { { "none" } }, nil, nil, nil, program)
    assert.is_true(ok, tostring(problem))
    assert.equal("online", rows[1].ended)
  end)

  it("tells when only a second run brings the modem back", function()
    local path = script [[
      local flash = require "moonflash"
      return flash.change(flash.script "mc7455", "send images", { retry = 0, again = 0 })]]
    local rows, result = try(path, { { "refused", "refuse=qdl.write#2:1" }, { "no fault" } })
    assert.is_true(result)
    assert.equal("recovered", rows[1].ended)
    assert.same({ 7, 0 }, rows[1].exits)
    assert.equal("send images", rows[1].failure.step)
    assert.equal("02.33.03.00", rows[1].running.firmware)
    assert.equal("online", rows[2].ended)
  end)

  it("finds that the example without QMI puts back what it finds", function()
    local faults = { { "window missed", "window=0" }, { "DIAG instead of QDL", "diag-instead" } }
    local rows, result, problem = try("scripts/examples/at-only-mc7354.lua", faults, "mc7354")
    assert.is_true(result, tostring(problem))
    for _, row in ipairs(rows) do assert.same({ 6 }, row.exits, row.fault) end
  end)

  it("finds a script that breaks modems, and names the faults", function()
    local path = script [[
      local flash = require "moonflash"
      return function(job)
        flash.try(job:request(flash.dms.set_operating_mode, { mode = "low_power" }))
      end]]
    local rows, result, problem = try(path, { { "no fault" }, { "other place", "place=1-2" } })
    assert.equal("broken", rows[1].ended)
    assert.same({ 0, 0 }, rows[1].exits)
    assert.is_nil(result)
    assert.equal("script.left_broken", problem.code)
    assert.equal("no fault, other place", problem.evidence)
    assert.equal(3, exit.status(problem))
  end)

  it("says how a broken modem was left", function()
    local path = script [[
      local flash = require "moonflash"
      return function(job)
        flash.try(job:request(flash.dms.set_operating_mode, { mode = "low_power" }))
      end]]
    local rows = try(path, { { "no fault" } })
    assert.equal("application", rows[1].mode)
    assert.equal("low_power", rows[1].power)
    assert.equal("02.08.02.00", rows[1].running.firmware)
    assert.equal("02.08.02.00", rows[1].preferred.firmware)
    assert.same({}, rows[1].switches)
    local said = test_script(path, "--model", "mc7455")
    assert.equal("low_power", said.rows[1].power)
    assert.equal("02.08.02.00", said.rows[1].preferred.firmware)
    assert.matches("\n  left in low_power: prefers 02%.08%.02%.00 %S+ %S+, runs 02%.08%.02%.00 ", said.stderr)
    assert.truthy(said.stderr:find("  by hand: moonflash simulate ... --fault stale=qdl.hello --fault stale",
      1, true))
  end)

  it("finds a modem that would wait for images after its next restart", function()
    local path = script [[
      local flash = require "moonflash"
      return function(job)
        flash.try(job:request(flash.dms.set_boot_image_download_mode, { mode = "boot_and_recovery" }))
      end]]
    local rows, result, problem = try(path, { { "no fault" } })
    assert.is_nil(result)
    assert.equal("script.left_broken", problem.code)
    assert.same({ 0, 0 }, rows[1].exits)
    assert.equal("online", rows[1].power)
    assert.equal("download", rows[1].next_mode)
  end)

  it("lets a second run put back that the modem would wait for images", function()
    local path = script [[
      local flash = require "moonflash"
      return function(job)
        local seen = flash.try(job:request(flash.dms.get_boot_image_download_mode)).mode
        local other = seen == "normal" and "boot_and_recovery" or "normal"
        flash.try(job:request(flash.dms.set_boot_image_download_mode, { mode = other }))
      end]]
    local rows, result = try(path, { { "no fault" } })
    assert.is_true(result)
    assert.equal("recovered", rows[1].ended)
    assert.equal("application", rows[1].next_mode)
  end)

  it("finds a script that does not end, does not repeat it, and tries no more than two faults", function()
    local faults = { { "no fault" }, { "other place", "place=1-2" }, { "third", "place=1-3" } }
    local rows, result, problem = try(script "while true do end", faults, "mc7455", 500)
    assert.is_nil(result)
    assert.equal("script.left_broken", problem.code)
    assert.equal("no fault, other place", problem.evidence)
    assert.equal(2, #rows)
    for _, row in ipairs(rows) do
      assert.equal("broken", row.ended)
      assert.same({ 9 }, row.exits)
      assert.equal("sys.timeout", row.failure.code)
    end
  end)

  it("says with which fault a script showed its error", function()
    local rows, result, problem = try(script [[
      return function(job) return job.device.place == "2-3" or job.device.plaze.name end]],
      { { "no fault" }, { "other place", "place=1-2" } })
    assert.equal("online", rows[1].ended)
    assert.is_nil(result)
    assert.equal("script.raised", problem.code)
    assert.truthy(problem.message:find("own.lua:1: attempt to index", 1, true))
    assert.matches('^with the fault "other place"; 1%-2 ', problem.evidence)
  end)

  it("stops at a script that has an error", function()
    assert.equal(10, test_script("nowhere.lua").status)
    assert.equal(10, test_script(script "return flash.model {").status)
    local unreadable = test_script(script "local x = = 1")
    assert.equal(10, unreadable.status)
    assert.truthy(unreadable.stderr:find("own.lua:1: ", 1, true))
    local raising = test_script(script "error 'oh'", "--model", "mc7455")
    assert.equal(10, raising.status, raising.stderr)
    assert.equal("script.raised", raising.result.failure.code)
    assert.same({}, raising.rows)
  end)

  it("ends at once when what the script is given is of no use even without a fault", function()
    for _, case in ipairs {
      { 4, "source.not_found", "mc7455", "/nonexistent.cwe" },
      { 3, "device.unknown_model", "mc7455", "--model", "em7305" },
      { 1, "usage", script [[
        return nil, require("moonflash").failure.new("usage", "which images?")]], "--model", "mc7455" },
    } do
      local run = test_script(unpack(case, 3))
      assert.equal(case[1], run.status, run.stdout)
      assert.equal(case[2], run.result.failure.code)
      assert.equal(1, #run.rows)
      assert.equal("no fault", run.rows[1].fault)
    end
  end)

  it("gives the script the options of its own command line, but for those that choose a modem", function()
    local path = script [[
      return function(job)
        local given = job.options
        return nil, ("%s %s %s, skip %s, %.2f %.0f"):format(tostring(given.force), tostring(given.carrier),
          tostring(given.model), tostring(next(given.skip or {})), given.timeout_scale, given.chunk_size)
      end]]
    local rows = try(path, { { "no fault" } }, "mc7455", nil, {
      force = true, carrier = "SPRINT", skip = { power = true },
      timeout_scale = 2, chunk_size = 1000, model = "em7305" })
    assert.equal("true SPRINT nil, skip power, 0.10 1000", rows[1].failure.message)
    rows = try(path, { { "no fault" } })
    assert.equal("nil nil nil, skip nil, 0.05 65536", rows[1].failure.message)
  end)

  it("holds for its script what the command line said", function()
    local run = test_script(script [[
      local failure = require("moonflash").failure
      return function(job) return nil, failure.new("usage", tostring(job.options.carrier)) end]],
      "--model", "mc7455", "--carrier", "SPRINT")
    assert.equal("SPRINT", run.result.failure.message)
  end)

  it("warns that a script which refuses without a fault tests nothing", function()
    local path = script 'return nil, "not today"'
    local rows, result, _, warnings = try(path, { { "no fault" }, { "other place", "place=1-2" } })
    assert.is_true(result)
    assert.equal(2, #rows)
    assert.equal(1, #warnings)
    assert.equal("script.refused", warnings[1].code)
    assert.truthy(warnings[1].message:find("nothing is tested (not today)", 1, true))
  end)

  it("asks for the model of a script that is no model's", function()
    assert.equal(1, test_script(script "return").status)
    assert.equal(1, test_script(script "return", "--model", "nokia").status)
  end)
end)
