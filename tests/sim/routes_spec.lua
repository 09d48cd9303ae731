-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Routes that are refused, not answered, or lead nowhere, and restarts between images. That each
-- route leads every model to new firmware is matrix_spec's.
local cjson = require "cjson"
local packages = require "tests.images.packages"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function update(model, faults, ...)
  local modem = stage.modem(model, { faults = faults })
  local words = { ... }
  for _, path in ipairs(stage.images(model)) do words[#words + 1] = path end
  return stage.moonflash(modem, "update", unpack(words)), modem
end

-- Firmware that knows no preference and does not report its settings still reports its version.
local function updated(model, run)
  assert.equal(0, run.status, run.stderr)
  local after = run.result.after
  if after.carrier == cjson.null then return assert.equal(stage.new[model].firmware, after.firmware) end
  assert.same(stage.new[model], after)
end

-- { "preference failed", "firmware-id done" }: how each route ended
local function attempts(run)
  local list = {}
  for _, line in ipairs(run.lines) do
    local name = line.event == "step" and line.step:match "^route (.*)$"
    if name and line.state ~= "started" then list[#list + 1] = name .. " " .. line.state end
  end
  return list
end

local function preferred(modem)
  local entry = stage.mode(modem)
  return entry.preferred
end

local unlock = 'AT!ENTERCND="A710"'

describe("a route", function()
  after_each(support.finish)

  it("that is refused gives way to the next", function()
    for _, model in ipairs { "mc7455", "mc7354" } do
      local run, modem = update(model, { "no-preference", "refuse-firmware-id" })
      updated(model, run)
      assert.same({ "preference skipped", "firmware-id failed", "boothold done" }, attempts(run))
      local commands = stage.commands(modem)
      assert.same({ "0048", "003e", unlock, "AT!BOOTHOLD", "switch" }, { unpack(commands, 1, 5) })
    end
  end)

  it("over AT that is refused gives way too", function()
    local run = update("mc7455",
      { "no-preference", "refuse-firmware-id", "refuse=at.boothold#*", "refuse=qmi.0050:94" })
    updated("mc7455", run)
    assert.same({ "preference skipped", "firmware-id failed", "boothold failed", "boot-download failed",
      "impref done" }, attempts(run))
  end)

  it("needs no AT port unless it is one over AT", function()
    local run, modem = update("em7305", { "no-preference", "refuse-firmware-id" })
    updated("em7305", run)
    assert.same({ "preference skipped", "firmware-id failed", "boothold skipped", "boot-download done" },
      attempts(run))
    assert.same({}, stage.log(modem, "at"))
  end)

  it("may make the modem vanish before it answers", function()
    for route, fault in pairs { ["firmware-id"] = "silence=qmi.003e", boothold = "silence=at.boothold",
                                preference = "silence=qmi.002e#2", impref = "silence=at.reset" } do
      local run = update("mc7455", { fault }, "--route", route, "--timeout-scale", "0.2")
      updated("mc7455", run)
      assert.same({ route .. " done" }, attempts(run))
    end
  end)

  it("over AT takes the AT port of its own modem, whatever its number", function()
    local modem = support.start { support.program, "simulate", "mc7455", "mc7354", "--time-scale", "0.005",
      "--dir", support.folder() .. "/root" }
    modem.root = modem:line()
    modem.folder = modem.root
    local run = stage.moonflash(modem, "update", "-d", "1199:68c0", "--route", "boothold",
      unpack(stage.images "mc7354"))
    updated("mc7354", run)
    assert.same({}, stage.log(modem, "at"))
    modem.folder = modem.root .. "/modem-2"
    assert.equal("ttyUSB5", stage.log(modem, "at")[1].port)
  end)

  it("that leads back to the application gives way to the next", function()
    local run = update("mc7455", { "unplug=qmi.002e#2" })
    updated("mc7455", run)
    assert.same({ "preference failed", "firmware-id done" }, attempts(run))
  end)

end)

describe("a forced route", function()
  after_each(support.finish)

  local function refused(model, faults, route)
    local run, modem = update(model, faults, "--route", route)
    assert.equal(6, run.status, run.stderr)
    assert.equal("job.not_entered", run.result.failure.code)
    assert.same(stage.old[model], preferred(modem))
    return run, modem
  end

  it("is the only one that is tried, and what was changed is put back", function()
    local run, modem = refused("mc7455", { "refuse-firmware-id" }, "firmware-id")
    assert.same({ "firmware-id failed", "firmware-id failed", "firmware-id failed" }, attempts(run))
    assert.same({ "0048", "003e", "003e", "003e", "0048" }, stage.commands(modem))
    assert.matches("MissingArgument", run.result.failure.evidence)
  end)

  it("is reported when it cannot be tried", function()
    local run = refused("em7305", {}, "boothold")
    assert.same({ "boothold skipped" }, attempts(run))
    assert.matches("no AT port", run.result.failure.evidence)
  end)

  it("over AT puts the preference back itself when QMI does not know it", function()
    local run, modem = update("mc7455", { "no-preference", "skips-download" }, "--route", "impref",
      "--timeout-scale", "0.1")
    assert.equal(6, run.status, run.stderr)
    local old, commands = stage.old.mc7455, stage.commands(modem)
    assert.same({ ('AT!IMPREF="%s","%s","%s_%s"'):format(old.firmware, old.carrier, old.carrier, old.config),
      "AT!RESET" }, { unpack(commands, #commands - 1) })
  end)

  it("is followed by a switch when the modem stores the images", function()
    local pair = { version = "02.14.03.02", carrier = "SPRINT", config = "002.012_001" }
    local modem = stage.modem "mc7455"
    local run = stage.moonflash(modem, "update", "--route", "impref", unpack(stage.images("mc7455", pair)))
    assert.equal(0, run.status, run.stderr)
    assert.same({ "0048", unlock, 'AT!IMPREF="02.14.03.02","SPRINT","SPRINT_002.012_001"', "AT!RESET" },
      stage.commands(modem))
  end)
end)

-- An OEM's .nvu comes alone and names the model (reference: CWE container, 5).
describe("the settings of a laptop's maker", function()
  after_each(support.finish)

  local function settings(model, device)
    local old = stage.old[model]
    local options = stage.image_options(model, { version = old.firmware, carrier = "Lenovo-Laptop",
      config = "001.003_000", sku = "1102662", device = device })
    return packages.write(packages.settings(options), support.folder())
  end

  for model, device in pairs { mc7455 = "EM7455", mc7354 = "MC7304", em7305 = "EM7305" } do
    it(("of an %s are enough for an update"):format(device), function()
      local modem = stage.modem(model)
      local run = stage.moonflash(modem, "update", settings(model, device))
      assert.equal(0, run.status, run.stderr)
      assert.same({ firmware = stage.old[model].firmware, carrier = "Lenovo-Laptop", config = "001.003_000" },
        run.result.after)
    end)
  end

  it("of another model are refused before anything is changed", function()
    local modem = stage.modem "mc7354"
    local run = stage.moonflash(modem, "update", settings("mc7354", "EM7305"))
    assert.equal(4, run.status, run.stderr)
    assert.equal("image.wrong_model", run.result.failure.code)
    assert.matches("EM7305", run.result.failure.evidence)
    assert.same({}, stage.commands(modem))
  end)
end)

describe("a modem that takes one image a boot", function()
  after_each(support.finish)

  local function script(model)
    local path = support.folder() .. "/one_by_one.lua"
    assert(sys.write_file(path, ([[
      local flash = require "moonflash"
      return flash.change(flash.script %q, "send images", { per_boot = 1 })
    ]]):format(model)))
    return path
  end

  local image = { "switch", "hello", "hello", "open", "write", "done", "reset" }

  local function expected(...)
    local list = {}
    for _, part in ipairs { ... } do
      for _, word in ipairs(part) do list[#list + 1] = word end
    end
    return list
  end

  for _, model in ipairs { "mc7455", "mc7354", "em7305" } do
    it("is restarted for the next: " .. model, function()
      local modem = stage.modem(model)
      local run = stage.moonflash(modem, "run", script(model), unpack(stage.images(model)))
      updated(model, run)
      local enter = { "0048", "offline", "reset" }
      assert.same(expected(enter, image, enter, image), stage.commands(modem))
      for _, line in ipairs(run.lines) do assert.is_not.equal("failed", line.state) end
    end)
  end

  it("is restarted by Set Firmware ID as well, without a preference, and when forced", function()
    local modem = stage.modem("mc7455", { faults = { "no-preference" } })
    local run = stage.moonflash(modem, "run", script "mc7455", unpack(stage.images "mc7455"))
    updated("mc7455", run)
    assert.same(expected({ "0048", "003e" }, image, { "0048", "003e" }, image), stage.commands(modem))
    modem = stage.modem "mc7455"
    run = stage.moonflash(modem, "--force", "run", script "mc7455", unpack(stage.images "mc7455"))
    updated("mc7455", run)
    assert.same(expected({ "0048", "offline", "reset" }, image, { "0048", "offline", "reset" }, image),
      stage.commands(modem))
  end)

  it("goes on from download mode", function()
    local modem = stage.modem("mc7455", { faults = { "start=download" } })
    local run = stage.moonflash(modem, "run", script "mc7455", unpack(stage.images "mc7455"))
    updated("mc7455", run)
    assert.same(expected(image, { "0048", "offline", "reset" }, image), stage.commands(modem))
  end)

  it("needs no restart for a single image", function()
    local modem = stage.modem "mc7455"
    local run = stage.moonflash(modem, "run", script "mc7455",
      unpack(stage.images("mc7455", nil, { "package" })))
    updated("mc7455", run)
    assert.same(expected({ "0048", "offline", "reset" }, image), stage.commands(modem))
  end)
end)
