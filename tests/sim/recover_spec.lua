-- The way back from every known bad state, switching between stored pairs, and what status says.
local cjson = require "cjson"
local stage = require "tests.sim.stage"
local support = require "tests.support"

local function simulator(...)
  return support.simulator("mc7455", { time_scale = 0.01, faults = { ... } })
end

local function moonflash(root, ...)
  local run = support.run({ support.program, "--root", root, "--json", "--timeout-scale", "0.2", ... },
    { deadline_ms = 60000 })
  run.lines = {}
  for line in run.stdout:gmatch "[^\n]+" do run.lines[#run.lines + 1] = cjson.decode(line) end
  run.result = run.lines[#run.lines]
  assert.equal("result", run.result.event)
  assert.equal(run.status, run.result.exit)
  return run
end

local function changes(root)
  local found = {}
  for _, entry in ipairs(support.log(root)) do
    if entry.event == "qdl" or entry.message == "0x0048" or entry.message == "0x002e" then
      found[#found + 1] = entry.command or entry.message
    end
  end
  return found
end

local function state_of(root)
  return moonflash(root, "status").lines[1]
end

describe("moonflash recover", function()
  after_each(support.finish)

  local function recovers(...)
    local modem = simulator(...)
    local run = moonflash(modem.root, "recover")
    assert.equal(0, run.status, run.stderr)
    local seen = state_of(modem.root)
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
      local modem = stage.modem(model, { faults = { "start=download", "window=600",
        "error=at.impref:4", "error=at.gobiimpref:4",
        ("preferred=%s/%s/%s"):format(new.firmware, new.carrier, new.config) } })
      local run = support.run(support.lua(script, modem.root, unpack(stage.images(model))))
      assert.equal(said, run.stdout)
    end
  end)

  it("leaves a healthy modem alone", function()
    assert.same({}, changes(recovers().root))
  end)

  it("leads a modem out of download mode by a reset", function()
    assert.same({ "switch", "hello", "reset" }, changes(recovers("start=download", "window=600").root))
  end)

  it("leads a modem back that would go to download mode at every restart", function()
    local modem = simulator "preferred=02.08.02.00/ATT/009.009_000"
    assert.equal(0, moonflash(modem.root, "qmi", "dms", "0x0050", "0x01", "01").status)
    assert.equal(0, moonflash(modem.root, "recover").status)
    assert.equal("online", state_of(modem.root).power.mode)
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
    recovers("start=download", "memory-debug", "window=600")
  end)
end)

describe("moonflash switch", function()
  after_each(support.finish)

  it("uses a stored pair without a download", function()
    local modem = simulator()
    local run = moonflash(modem.root, "switch", "sprint")
    assert.equal(0, run.status, run.stderr)
    assert.same({ firmware = "02.14.03.02", carrier = "SPRINT", config = "002.012_001" }, run.result.after)
    assert.same({ "0x0048", "0x002e", "0x002e" }, changes(modem.root))
  end)

  it("takes a build id as well, and has nothing to do when it runs", function()
    local modem = simulator()
    assert.equal(0, moonflash(modem.root, "switch", "02.08.02.00_ATT").status)
    assert.equal(2, moonflash(modem.root, "switch", "ATT").status)
  end)

  it("asks again when the preference is answered wrong at first", function()
    assert.equal(0, moonflash(simulator "sequence=qmi.0048".root, "switch", "sprint").status)
  end)

  it("refuses what is not stored, and says what is", function()
    local modem = simulator()
    local run = moonflash(modem.root, "switch", "nobody")
    assert.equal(3, run.status)
    assert.equal("stored.none", run.result.failure.code)
    assert.truthy(run.result.failure.evidence:find("SPRINT", 1, true))
    assert.same({}, changes(modem.root))
  end)
end)

describe("moonflash status", function()
  after_each(support.finish)

  it("tells versions, preference and stored images, and changes nothing", function()
    local modem = simulator()
    local seen = state_of(modem.root)
    assert.same({ firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" }, seen.running)
    assert.same(seen.running, seen.preferred)
    assert.equal("online", seen.power.mode)
    assert.same({}, seen.power.causes)
    assert.equal(8, #seen.stored)
    assert.same({ type = "modem", slot = 1, unique_id = "?_?", build_id = "02.08.02.00_?", active = true,
      failures = 0 }, seen.stored[1])
    assert.same({}, changes(modem.root))
  end)

  it("names the mismatch and its cure", function()
    local seen = state_of(simulator("preferred=09.09.09.09/ATT/009.009_000").root)
    assert.equal("low_power", seen.power.mode)
    assert.truthy(table.concat(seen.power.causes, " "):find("mismatch", 1, true))
    assert.truthy(table.concat(seen.advice, " "):find("moonflash recover", 1, true))
  end)

  it("tells a modem that waits for an image from one that crashed, without a word to either", function()
    local waiting = simulator("start=download", "window=600")
    local crashed = simulator("start=download", "memory-debug", "window=600")
    assert.equal("download", state_of(waiting.root).mode)
    assert.equal("memory-debug", state_of(crashed.root).mode)
    assert.same({}, changes(waiting.root))
  end)
end)
