-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Several modems of one model: each is updated, and none is taken for another. Services that are paused for an
-- update are resumed, after a crash by the next run.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function images()
  return unpack(stage.images("mc7455", { size = 400000 }))
end

-- Two MC7455: the first on 2-3 (its loader on 1-6), the second on 2-4 (1-7).
local function two_modems(...)
  return stage.modem("mc7455", { faults = { ... }, second = "mc7455" })
end

local function moonflash(modem, ...)
  local run = stage.moonflash(modem, ...)
  run.results = {}
  for _, line in ipairs(run.lines) do
    if line.event == "result" then run.results[#run.results + 1] = line end
  end
  return run
end

local function received(root, folder)
  return sys.list(root .. folder .. "/received") or {}
end

describe("update --all", function()
  after_each(support.finish)

  it("updates one modem after the other, each with its own result", function()
    local firmware, settings = images()
    local modems = two_modems()
    local run = moonflash(modems, "update", "--all", firmware, settings)
    assert.equal(0, run.status, run.stderr)
    assert.equal(3, #run.results)
    for index, place in ipairs { "2-3", "2-4" } do
      assert.equal(place, run.results[index].place)
      assert.equal(0, run.results[index].exit)
      assert.equal("02.33.03.00", run.results[index].after.firmware)
    end
    assert.equal(0, run.results[3].exit)
    assert.is_nil(run.results[3].place)
    assert.same({ "1.cwe", "2.cwe" }, received(modems.root, ""))
    assert.same({ "1.cwe", "2.cwe" }, received(modems.root, "/modem-2"))
    local again = moonflash(modems, "update", "--all", firmware, settings)
    assert.equal(2, again.status, again.stderr)
  end)

  it("starts with a modem in download mode, too", function()
    local firmware, settings = images()
    local modems = two_modems("1:start=download", "1:window=6000")
    local run = moonflash(modems, "update", "--all", firmware, settings)
    assert.equal(0, run.status, run.stderr)
    assert.same({ "1.cwe", "2.cwe" }, received(modems.root, "/modem-2"))
  end)

  it("goes on after one that fails, and ends with the worst status", function()
    local firmware, settings = images()
    local modems = two_modems("1:start=download", "1:window=6000", "1:diag-instead")
    local run = moonflash(modems, "update", "--all", "--timeout-scale", "0.1", firmware, settings)
    assert.equal(7, run.status, run.stderr)
    assert.same({ 7, 0, 7 }, { run.results[1].exit, run.results[2].exit, run.results[3].exit })
    assert.equal("qdl.diag_port", run.results[3].failure.code)
    assert.truthy(run.results[3].failure.evidence:find("1-6", 1, true))
    assert.equal("02.33.03.00", run.results[2].after.firmware)
  end)

  it("updates only those that are selected", function()
    local firmware, settings = images()
    local modems = two_modems()
    local run = moonflash(modems, "update", "--all", "--place", "2-4", firmware, settings)
    assert.equal(0, run.status, run.stderr)
    assert.equal(2, #run.results)
    assert.same({}, received(modems.root, ""))
  end)
end)

describe("update beside another modem", function()
  after_each(support.finish)

  it("is refused without a selection", function()
    local firmware, settings = images()
    local run = moonflash(two_modems(), "update", firmware, settings)
    assert.equal(5, run.status)
    assert.equal("device.ambiguous", run.results[1].failure.code)
  end)

  it("never takes another modem in download mode for the selected one", function()
    local firmware, settings = images()
    local modems = two_modems("2:start=download", "2:window=6000")
    local run = moonflash(modems, "update", "--place", "2-3", firmware, settings)
    assert.equal(0, run.status, run.stderr)
    assert.same({ "1.cwe", "2.cwe" }, received(modems.root, ""))
    assert.same({}, received(modems.root, "/modem-2"))
  end)
end)

describe("services during an update", function()
  after_each(support.finish)

  -- systemd and ModemManager, as far as files show them
  local function with_services(root)
    local function write(path, text)
      assert(sys.make_folder((root .. path):match "^(.*)/"))
      assert(sys.write_file(root .. path, text))
    end
    assert(sys.make_folder(root .. "/run/systemd/system"))
    write("/proc/812/comm", "ModemManager\n")
    write("/usr/bin/systemctl", ("#!/bin/sh\necho $1 >>%s/calls\n"):format(root))
    assert.equal(0, support.run({ "chmod", "755", root .. "/usr/bin/systemctl" }).status)
  end

  local function calls(root)
    return (sys.read_file(root .. "/calls") or ""):gsub("\n", " ")
  end

  local function killed_in_the_middle(root, ...)
    local child = support.start { support.program, "--root", root, "update", ... }
    repeat until child:line() == "enter download mode"
    child:kill "KILL"
    assert.equal(137, child:wait())
  end

  it("are paused and resumed", function()
    local firmware, settings = images()
    local modem = stage.mc7455()
    with_services(modem.root)
    assert.equal(0, moonflash(modem, "update", firmware, settings).status)
    assert.equal("stop start ", calls(modem.root))
  end)

  it("are resumed when the update fails", function()
    local firmware, settings = images()
    local modem = stage.mc7455("start=download", "window=6000", "diag-instead")
    with_services(modem.root)
    assert.equal(7, moonflash(modem, "update", "--timeout-scale", "0.1", firmware, settings).status)
    assert.equal("stop start ", calls(modem.root))
  end)

  it("are resumed when the update is interrupted", function()
    local firmware, settings = images()
    local modem = stage.modem("mc7455", { time_scale = 0.03 })
    with_services(modem.root)
    local child = support.start { support.program, "--root", modem.root, "update", firmware, settings }
    repeat until child:line() == "enter download mode"
    child:kill "INT"
    assert.equal(9, child:wait(60000))
    assert.equal("stop start ", calls(modem.root))
  end)

  it("are resumed by the run after one that was killed", function()
    local firmware, settings = images()
    local modem = stage.modem("mc7455", { time_scale = 0.03 })
    with_services(modem.root)
    killed_in_the_middle(modem.root, firmware, settings)
    assert.equal("stop ", calls(modem.root))
    local run = moonflash(modem, "update", firmware, settings)
    assert.equal(0, run.status, run.stderr)
    assert.equal("stop start stop start ", calls(modem.root))
    assert.is_nil(sys.stat(modem.root .. "/run/moonflash/1-6.paused"))
  end)

  it("are stopped when they start in the middle: an image whose answers they may have read is sent again", function()
    local modem = stage.mc7455("silence=qdl.write")
    with_services(modem.root)
    local process = modem.root .. "/proc/812"
    assert(sys.rename(process, modem.root .. "/started"))
    assert(sys.make_folder(modem.root .. "/started/fd"))
    assert(sys.symlink(modem.root .. "/dev/ttyUSB0", modem.root .. "/started/fd/3"))
    local child = stage.start(modem, "update", images())
    stage.wait_for(modem, "fault", { fault = "silence" })
    assert(sys.rename(modem.root .. "/started", process))
    assert.equal(0, stage.finish(child).status)
    assert.equal("stop start ", calls(modem.root))
  end)

  it("run on with --keep-services", function()
    local firmware, settings = images()
    local modem = stage.mc7455()
    with_services(modem.root)
    assert.equal(0, moonflash(modem, "update", "--keep-services", firmware, settings).status)
    assert.equal("", calls(modem.root))
  end)

  it("are listed by a plan, which pauses none and refuses nothing", function()
    local firmware, settings = images()
    local modem = stage.mc7455()
    with_services(modem.root)
    assert(sys.write_file(modem.root .. "/proc/meminfo", "MemAvailable: 12 kB\n"))
    local run = support.run { support.program, "--root", modem.root, "plan", "-v", firmware, settings }
    assert.equal(0, run.status, run.stderr)
    assert.truthy(run.stdout:find("would pause ModemManager", 1, true))
    assert.truthy(run.stderr:find("update refuses: there is too little free memory (12 kB available", 1, true))
    assert.equal("", calls(modem.root))
    run = moonflash(modem, "update", firmware, settings)
    assert.equal(3, run.status)
    assert.equal("preflight.memory", run.results[1].failure.code)
    assert.equal("", calls(modem.root))
  end)

  it("are resumed when another program has the ports open: exit status 3 and its name", function()
    local firmware, settings = images()
    local modem = stage.mc7455()
    assert(sys.make_folder(modem.root .. "/proc/99/fd"))
    assert(sys.write_file(modem.root .. "/proc/99/comm", "minicom\n"))
    assert(sys.symlink(modem.root .. "/dev/cdc-wdm0", modem.root .. "/proc/99/fd/3"))
    local run = moonflash(modem, "update", firmware, settings)
    assert.equal(3, run.status)
    assert.equal("device.busy", run.results[1].failure.code)
    assert.truthy(run.results[1].failure.evidence:find("minicom (pid 99)", 1, true))
    assert.equal(0, moonflash(modem, "update", "--skip", "holders", firmware, settings).status)
  end)
end)
