-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The second run of an update that was cut off always succeeds, wherever that was; and each known bad
-- state has one command that ends it.
local bench = require "tests.sim.bench"
local port = require "moonflash.core.port"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local quick = { "--timeout-scale", "0.2" }

local function command(name, words, files)
  local arguments = { name, unpack(quick) }
  for _, list in ipairs { words or {}, files or {} } do
    for _, word in ipairs(list) do arguments[#arguments + 1] = word end
  end
  return arguments
end

local function moonflash(modem, name, words, files)
  return stage.moonflash(modem, unpack(command(name, words, files)))
end

local function assert_well(modem, pair)
  local run = stage.moonflash(modem, "status")
  local seen = run.lines[1]
  assert.equal("application", seen.mode, run.stderr)
  assert.equal("online", seen.power.mode)
  assert.same(pair, seen.running)
  assert.same(pair, seen.preferred)
end

local new, old = stage.new.mc7455, stage.old.mc7455

-- Kills an update when the simulator has logged an event with these fields, or the program said it.
local function killed(modem, files, event, fields)
  local child = stage.start(modem, "update", unpack(files))
  stage.wait_for(modem, event, fields)
  child:kill "KILL"
  child:wait()
end

-- A modem that is away is no modem, so its window must not close just when the second run begins.
local function wait_until_present(modem)
  local patience = 1000
  while stage.last(modem, "usb").action ~= "ready" do
    sys.sleep_ms(5)
    patience = patience - 1
    assert(patience > 0, "the modem did not come back")
  end
end

describe("an update that was killed", function()
  after_each(support.finish)

  local points = {
    { "when the preference was set", "preference", {} },
    { "when the modem had gone", "usb", { action = "remove", mode = "application" } },
    { "when the modem showed its port", "usb", { action = "ready", mode = "download" } },
    { "at the first hello", "qdl", { command = "hello" } },
    { "at the first open", "qdl", { command = "open" } },
    { "in the first write", "qdl", { command = "write" } },
    { "when the firmware was whole", "image", { ok = true } },
    { "when the firmware was done", "qdl", { command = "done" } },
    { "when the modem rebooted", "usb", { action = "remove", mode = "download" } },
  }

  for _, point in ipairs(points) do
    it(point[1] .. " succeeds the second time", function()
      local modem = stage.modem("mc7455", { time_scale = 0.01 })
      local files = stage.images "mc7455"
      killed(modem, files, point[2], point[3])
      wait_until_present(modem)
      local run = moonflash(modem, "update", nil, files)
      assert.is_true(run.status == 0 or run.status == 2, run.stderr .. run.stdout)
      assert_well(modem, new)
    end)
  end

  it("in the middle of a write succeeds, though the loader waits for its rest for ever", function()
    local modem = stage.modem("mc7455", { faults = { "start=download", "patient", "window=60000" } })
    local files = stage.images("mc7455", { size = 1500000 })
    local image = assert(sys.read_file(files[1]))
    local killed_one = assert(port.open(modem.root .. "/dev/ttyUSB0"))
    bench.greet(killed_one)
    bench.frame(killed_one, bench.open_request(image))
    assert(killed_one:write(bench.write_header(0, 1048576) .. image:sub(401, 500000), 5000))
    killed_one:close()
    local run = moonflash(modem, "update", nil, files)
    assert.equal(0, run.status, run.stderr .. run.stdout)
    assert_well(modem, new)
  end)
end)

describe("half an update", function()
  after_each(support.finish)

  -- The firmware is in, the settings are not: the modem runs the one with the other's settings.
  local function half_flashed()
    local modem = stage.modem("mc7455", { time_scale = 0.01, faults = { "window=200" } })
    local files = stage.images "mc7455"
    killed(modem, files, "image", { ok = true })
    stage.wait_for(modem, "usb", { action = "ready", mode = "application" }, 2)
    assert.equal(1, stage.mode(modem).power)
    return modem, files
  end

  it("is finished by recover with the files", function()
    local modem, files = half_flashed()
    local run = moonflash(modem, "recover", nil, files)
    assert.equal(0, run.status, run.stderr .. run.stdout)
    assert_well(modem, new)
  end)

  it("is undone by recover without files", function()
    local modem = half_flashed()
    local run = moonflash(modem, "recover")
    assert.equal(0, run.status, run.stderr .. run.stdout)
    assert_well(modem, old)
  end)

  it("is finished by another update", function()
    local modem, files = half_flashed()
    assert.equal(0, moonflash(modem, "update", nil, files).status)
    assert_well(modem, new)
  end)
end)

describe("a preferred image that is not there", function()
  after_each(support.finish)

  local faults = { "preferred=02.33.03.00/GENERIC/002.072_000" }

  it("is brought by recover with the files", function()
    local modem = stage.modem("mc7455", { faults = faults })
    assert.equal(0, moonflash(modem, "recover", nil, stage.images "mc7455").status)
    assert_well(modem, new)
  end)

  it("is given up by recover without files", function()
    local modem = stage.modem("mc7455", { faults = faults })
    assert.equal(0, moonflash(modem, "recover").status)
    assert_well(modem, old)
  end)
end)

describe("after a download that failed for good", function()
  after_each(support.finish)

  it("recover leads the modem back to what it ran", function()
    local modem = stage.modem("mc7455", { faults = { "refuse=qdl.write#*:1" } })
    local run = moonflash(modem, "update", nil, stage.images "mc7455")
    assert.equal(7, run.status, run.stderr)
    assert.equal("qdl.write_refused", run.result.failure.code)
    assert.equal(0, moonflash(modem, "recover").status)
    assert_well(modem, old)
  end)
end)

describe("images of another version than the modem prefers", function()
  after_each(support.finish)

  it("are sent to a modem in download mode, and preferred in a second pass", function()
    local modem = stage.modem("mc7455", { faults = { "start=download" } })
    local run = moonflash(modem, "recover", nil, stage.images "mc7455")
    assert.equal(0, run.status, run.stderr .. run.stdout)
    assert_well(modem, new)
    local commands = stage.commands(modem)
    assert.same({ "reset", "0048", "offline", "reset" }, { unpack(commands, #commands - 3) })
  end)
end)
