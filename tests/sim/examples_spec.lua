-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Every script in scripts/examples, run as a user runs it, against the simulated modem.
local packages = require "tests.images.packages"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local EXAMPLES = "scripts/examples/"

local function versions(firmware, carrier, config)
  return { firmware = firmware, carrier = carrier, config = config }
end

local function example(modem, name, ...)
  return stage.moonflash(modem, "run", EXAMPLES .. name .. ".lua", ...)
end

local function package(options)
  options.size = 200000
  return packages.write(packages.package(options), support.folder())
end

describe("the example", function()
  after_each(support.finish)

  it("fleet-switch brings every modem to a carrier it stores", function()
    local modem = stage.mc7455("stored=02.08.02.00/SPRINT/002.012_001")
    local ran = example(modem, "fleet-switch", "SPRINT")
    assert.equal(0, ran.status, ran.stderr)
    assert.truthy(ran.stderr:find("MC7455 at 2-3: SPRINT", 1, true))
    local missing = example(modem, "fleet-switch", "NOBODY")
    assert.equal(3, missing.status, missing.stderr)
    assert.equal("stored.none", missing.result.failure.code)
  end)

  it("inventory prints what each modem runs", function()
    local modem = stage.mc7455()
    local ran = example(modem, "inventory")
    assert.equal(0, ran.status, ran.stderr)
    assert.same(versions("02.08.02.00", "GENERIC", "002.007_001"), ran.lines[1].running)
    assert.equal("MC7455", ran.lines[1].model)
    assert.equal(8, ran.lines[1].stored)
    assert.equal("online", ran.lines[1].power)
  end)

  it("inventory prints why a modem does not answer, and fails at the end", function()
    local modem = stage.mc7455()
    local held = support.start(support.lua([[
      local device = require("moonflash").devices({ root = ... })[1]
      local held = assert(require("moonflash.host.lock").take(..., device))
      print "held" io.stdout:flush()
      require("moonflash.core.sys").sleep_ms(30000) held:release()]], modem.root))
    assert.equal("held", held:line(10000))
    local ran = example(modem, "inventory")
    assert.equal(3, ran.status, ran.stderr)
    assert.equal("device.busy", ran.result.failure.code)
    assert.truthy(ran.lines[1].failure)
    assert.is_nil(ran.lines[1].running)
  end)

  it("settings-only changes the settings, and refuses those of another firmware", function()
    local modem = stage.mc7455()
    local settings = packages.settings { version = "02.08.02.00", carrier = "SPRINT", config = "002.099_001" }
    local ran = example(modem, "settings-only", packages.write(settings, support.folder()))
    assert.equal(0, ran.status, ran.stderr)
    assert.same(versions("02.08.02.00", "SPRINT", "002.099_001"), ran.result.after)
    assert.is_nil(sys.stat(modem.root .. "/received/2.cwe"))
    local other = packages.write(packages.settings { version = "02.33.03.00" }, support.folder())
    local refused = example(modem, "settings-only", other)
    assert.equal(3, refused.status, refused.stderr)
    assert.equal("script.refused", refused.result.failure.code)
    assert.equal("the modem runs 02.08.02.00", refused.result.failure.evidence)
  end)

  it("settings-only and stepping-stone verify all files before they change anything", function()
    local modem = stage.mc7455()
    local damaged = support.folder() .. "/damaged.cwe"
    local whole = assert(sys.read_file(package {}))
    assert(sys.write_file(damaged, whole:sub(1, -2) .. string.char((whole:byte(-1) + 1) % 256)))
    for _, files in ipairs { { "settings-only", damaged }, { "stepping-stone", package {}, damaged },
      { "stepping-stone", damaged, package {} }, { "settings-only", "/nowhere/x.nvu" } } do
      local ran = example(modem, unpack(files))
      assert.equal(4, ran.status, ran.stderr)
      local named = files[1] == "stepping-stone" and damaged or files[2]
      assert.truthy(ran.result.failure.message:find(named, 1, true))
    end
    assert.same({}, support.log(modem.root, "qdl"))
  end)

  it("stepping-stone installs the intermediate firmware, and only once", function()
    local modem = stage.mc7455()
    local stone, target = package { version = "02.20.03.00" }, package { version = "02.33.03.00" }
    local ran = example(modem, "stepping-stone", stone, target)
    assert.equal(0, ran.status, ran.stderr)
    assert.equal("02.20.03.00", ran.result.before.firmware)
    assert.equal("02.33.03.00", ran.result.after.firmware)
    assert.truthy(sys.stat(modem.root .. "/received/2.cwe"))
    assert.equal(2, example(modem, "stepping-stone", stone, target).status)
    assert.is_nil(sys.stat(modem.root .. "/received/3.cwe"))
  end)

  it("hardware-revision sends a message that the script defines", function()
    local modem = stage.mc7455()
    local ran = example(modem, "hardware-revision")
    assert.equal(0, ran.status, ran.stderr)
    assert.truthy(ran.stderr:find("hardware revision 1.0", 1, true))
  end)

  it("careful-mc7455 updates, but not while the battery is low", function()
    local modem, file = stage.mc7455(), package {}
    local battery = support.folder() .. "/capacity"
    assert(sys.write_file(battery, "49\n"))
    local argv = { support.program, "--root", modem.root, "run", EXAMPLES .. "careful-mc7455.lua", file }
    local low = support.run(argv, { environment = { BATTERY = battery } })
    assert.equal(3, low.status, low.stderr)
    assert.truthy(low.stderr:find("the battery is at 49 %", 1, true))
    assert.same({}, support.log(modem.root, "qdl"))
    assert(sys.write_file(battery, "50\n"))
    assert.equal(0, support.run(argv, { environment = { BATTERY = battery } }).status)
  end)

  it("at-only-mc7354 updates without QMI", function()
    local modem = stage.modem "mc7354"
    local file = package {
      family = "SWI9X15C", version = "05.05.58.00", carrier = "ATT", config = "005.026_000" }
    local ran = example(modem, "at-only-mc7354", file)
    assert.equal(0, ran.status, ran.stderr)
    assert.same(versions("05.05.58.00", "ATT", "005.026_000"), ran.result.after)
    assert.same({}, support.log(modem.root, "qmi"))
    assert.truthy(#support.log(modem.root, "at") > 0)
    assert.equal(2, example(modem, "at-only-mc7354", file).status)
  end)

  it("fails with the argument that is missing", function()
    for _, name in ipairs { "fleet-switch", "settings-only", "stepping-stone" } do
      local ran = example({ root = support.folder() }, name)
      assert.equal(3, ran.status, ran.stderr)
      assert.truthy(ran.stderr:find("error: which ", 1, true), ran.stderr)
    end
  end)

  it("has a test here", function()
    local own = assert(sys.read_file "tests/sim/examples_spec.lua")
    for _, file in ipairs(assert(sys.list(EXAMPLES))) do
      assert.truthy(own:find('it("' .. file:gsub("%.lua$", " "), 1, true), file)
    end
  end)
end)
