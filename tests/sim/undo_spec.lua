-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- An update that ends before the first image was opened leaves no trace: the preference is the one
-- read before, the modem is online, and the first error is the one reported.
local cjson = require "cjson"
local stage = require "tests.sim.stage"
local support = require "tests.support"

local old = stage.old.mc7455

-- Waits until the modem is in application mode for good, then looks at it.
local function assert_untouched(modem)
  local run = stage.moonflash(modem, "status")
  assert.equal(0, run.status, run.stderr)
  local seen = run.lines[1]
  assert.equal("application", seen.mode)
  assert.equal("online", seen.power.mode)
  assert.same(old, seen.running)
  assert.same(old, seen.preferred)
  assert.same({}, stage.log(modem, "image"))
  assert.same({}, stage.log(modem, "violation"))
end

local no_route = { "refuse=qmi.002e#*:48", "refuse-firmware-id", "refuse=qmi.0050#*:94",
  "refuse=at.boothold#*", "refuse=at.impref#*", "refuse=at.gobiimpref#*" }

local function fails(faults, words)
  local modem = stage.modem("mc7455", { faults = faults })
  local arguments = { "update", "--timeout-scale", "0.1", unpack(words or {}) }
  for _, file in ipairs(stage.images "mc7455") do arguments[#arguments + 1] = file end
  return modem, stage.moonflash(modem, unpack(arguments))
end

-- A modem that came back runs so long before it is restarted again.
local function assert_runs(modem, ms)
  local booted
  for _, entry in ipairs(stage.log(modem)) do
    if entry.event == "restart" then
      assert.is_true(not booted or entry.t - booted >= ms, ("restarted %.0f ms after its boot"):format(
        entry.t - (booted or 0)))
      booted = false
    elseif entry.event == "mode" then
      booted = booted == false and entry.t or nil
    end
  end
end

describe("an update that does not reach download mode", function()
  after_each(support.finish)

  it("because every route is refused puts the preference back", function()
    local modem, run = fails(no_route)
    assert.equal(6, run.status, run.stderr)
    assert.equal("job.not_entered", run.result.failure.code)
    assert.truthy(run.result.failure.evidence:find("InvalidArgument", 1, true))
    assert.same(old, stage.last(modem, "preference").preferred)
    assert_untouched(modem)
  end)

  it("because the modem skips it in every attempt brings it back online", function()
    local modem, run = fails { "skips-download" }
    assert.equal(6, run.status, run.stderr)
    assert.equal("job.not_entered", run.result.failure.code)
    assert_untouched(modem)
    assert_runs(modem, 1000)
  end)

  it("because one route never leads there lets it run before the next restart", function()
    for _, route in ipairs { "boothold", "firmware-id" } do
      local modem, run = fails({ "skips-download" }, { "--route", route })
      assert.equal(6, run.status, run.stderr)
      assert_runs(modem, 1000)
    end
  end)

  it("because its window is over before the port is there brings it back online", function()
    local modem, run = fails { "window=0" }
    assert.equal(6, run.status, run.stderr)
    assert_untouched(modem)
    assert_runs(modem, 1000)
  end)

  it("because the preference itself is refused has nothing to put back", function()
    local modem, run = fails { "refuse-preference" }
    assert.equal(3, run.status, run.stderr)
    assert.equal("qmi.refused", run.result.failure.code)
    assert.same({ "0048" }, stage.commands(modem))
    assert_untouched(modem)
  end)

  it("because its resets are refused for a while brings it back online when they no longer are", function()
    local faults = {}
    for number = 2, 6 do faults[#faults + 1] = ("refuse=qmi.002e#%d:3"):format(number) end
    local modem, run = fails(faults, { "--route", "preference", "--timeout-scale", "0.3" })
    assert.equal(6, run.status, run.stderr)
    assert_untouched(modem)
  end)

  it("tells the first error although putting back fails too", function()
    local faults = { "refuse=qmi.0048#2:48", unpack(no_route) }
    local modem, run = fails(faults)
    assert.equal(6, run.status, run.stderr)
    assert.equal("job.not_entered", run.result.failure.code)
    local warned
    for _, line in ipairs(run.lines) do
      warned = warned or line.event == "warning" and line.message:find("restore the preference", 1, true)
    end
    assert.truthy(warned)
    assert.same(stage.new.mc7455, stage.last(modem, "preference").preferred)
  end)
end)

describe("a modem that took no byte of an image", function()
  after_each(support.finish)

  local function ends(status, modem, run)
    assert.equal(status, run.status, run.stderr)
    assert_untouched(modem)
  end

  it("gets its preference back when its loader refuses every image", function()
    for _, code in ipairs { 2, 1 } do
      local modem, run = fails { ("refuse=qdl.open#*:%d"):format(code) }
      assert.equal("qdl.open_refused", run.result.failure.code)
      ends(6, modem, run)
    end
  end)

  it("gets it back when its loader never answers the open request", function()
    local modem, run = fails { "silence=qdl.open#*" }
    ends(6, modem, run)
  end)

  it("gets it back when it comes back in download mode after a switch", function()
    local modem = stage.mc7455()
    assert.equal(0, stage.moonflash(modem, "qmi", "dms", "0x0050", "0x01", "01").status)
    local run = stage.moonflash(modem, "switch", "--timeout-scale", "0.1", "SPRINT")
    assert.equal("job.wrong_mode", run.result.failure.code)
    assert.same(old, stage.last(modem, "preference").preferred)
  end)
end)

-- Starts an update and waits until it says that a step began.
local function start_until(modem, step, timeout_scale)
  local child = stage.start(modem, "update", "--timeout-scale", timeout_scale or "0.05",
    unpack(stage.images "mc7455"))
  repeat
    local line = cjson.decode(child:line())
    assert(line.event ~= "result", "ended before it came to " .. step)
  until line.step == step and line.state == "started"
  return child
end

describe("a signal before the first image", function()
  after_each(support.finish)

  local function stops(child, signal, modem, within_ms)
    child:kill(signal)
    local status = child:wait(within_ms or 60000)
    assert.equal(9, status, child.stdout .. child.stderr)
    local problem = cjson.decode(child.stdout:match "([^\n]+)\n$").failure
    assert.truthy(problem.evidence and problem.hint and problem.step)
    assert_untouched(modem)
    return problem, child.stderr
  end

  for _, signal in ipairs { "INT", "TERM" } do
    for _, step in ipairs { "read versions", "stop if current", "set preference", "enter download mode",
      "route preference" } do
      it(("%s in the step %q"):format(signal, step), function()
        local modem = stage.modem("mc7455", { time_scale = 0.02 })
        stops(start_until(modem, step), signal, modem)
      end)
    end
  end

  it("before the modem was told to go does not wait for it to leave", function()
    local modem = stage.modem("mc7455", { time_scale = 0.02, faults = { "silence=qmi.002e#1" } })
    local child = start_until(modem, "route preference", "1")
    stage.wait_for(modem, "fault", { fault = "silence" })
    stops(child, "INT", modem, 15000) -- it would take 30 s
  end)

  it("while the modem is away on its way there leads it back", function()
    local modem = stage.modem("mc7455", { time_scale = 0.05 })
    local child = start_until(modem, "route preference")
    stage.wait_for(modem, "usb", { action = "remove", mode = "application" })
    local problem, said = stops(child, "INT", modem)
    assert.truthy(said:find("putting the modem back as it was: this may take 2 minutes, please wait", 1, true), said)
    assert.equal("the modem is as it was before; run the same command again", problem.hint)
  end)

  it("prints each part of the way back once", function()
    local modem = stage.modem("mc7455", { time_scale = 0.02 })
    local child = support.start { support.program, "--root", modem.root, "update", "--timeout-scale", "0.05",
      unpack(stage.images "mc7455") }
    stage.wait_for(modem, "usb", { action = "remove", mode = "application" })
    child:kill "INT"
    assert.equal(9, child:wait(60000), child.stderr)
    local said = child.stdout:match "putting the modem back.*"
    assert.matches("please wait\n  leave download mode\n.*  restore the preference\n", said)
    for _, words in ipairs { "\n  leave download mode\n", "\n  restore the preference\n" } do
      assert.equal(1, select(2, said:gsub(words, "")), said)
    end
    assert.is_nil(said:find("enter download mode  ", 1, true), said)
    assert_untouched(modem)
  end)

  it("asked for twice still leads it back", function()
    local modem = stage.modem("mc7455", { time_scale = 0.02,
      faults = { "silence=qdl.switch#*", "silence=qdl.hello#1", "silence=qdl.hello#2" } })
    local child = start_until(modem, "route preference")
    stage.wait_for(modem, "usb", { action = "ready", mode = "download" })
    child:kill "INT"
    repeat until cjson.decode(child:line()).step == "leave download mode"
    stops(child, "INT", modem)
  end)

  it("while its port is greeted in vain leads it back", function()
    local modem = stage.modem("mc7455", { time_scale = 0.02,
      faults = { "silence=qdl.switch#*", "silence=qdl.hello#1" } })
    local child = start_until(modem, "route preference")
    stage.wait_for(modem, "usb", { action = "ready", mode = "download" })
    stops(child, "INT", modem)
  end)

  it("while the images' conversation begins needs no second one", function()
    local modem = stage.modem("mc7455", { time_scale = 0.02,
      faults = { "silence=qdl.hello#2" } })
    local child = start_until(modem, "send images")
    stage.wait_for(modem, "fault", { fault = "silence" })
    stops(child, "INT", modem)
  end)
end)
