-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What the modem prefers: when it is written, how it is spelt, when it is put back.
local stage = require "tests.peer.stage"
local support = require "tests.support"

local old = { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" }
local new = stage.new.MC7455
local att = { firmware = "02.24.03.00", carrier = "ATT", config = "002.022_000" }
local verizon = { firmware = "02.24.05.06", carrier = "VERIZON", config = "002.034_000" }

local function preference_of(pair)
  local build = pair.firmware .. "_" .. pair.carrier
  return { { "modem", pair.config, build }, { "pri", pair.config, build } }
end

local AUTO_SIM = { { "modem", "?_?", "00.00.00.00_?" }, { "pri", "000.000_000", "00.00.00.00_AUTO-SIM" } }

-- An MC7455 that runs and stores one pair.
local function mc7455(images, more)
  local modem = { model = "MC7455", running = old, images = images }
  for name, value in pairs(more or {}) do modem[name] = value end
  modem.images.stored = modem.images.stored or { modem.running }
  return stage.start { modem }
end

local function run(peer, command, ...)
  local argv = { "--timeout-scale", "0.1", command }
  local words = { ... }
  if command == "update" or command == "plan" then
    for _, path in ipairs(stage.images "MC7455") do words[#words + 1] = path end
  end
  for _, word in ipairs(words) do argv[#argv + 1] = word end
  return stage.moonflash(peer, unpack(argv))
end

local function written(peer)
  return stage.log(peer, "preference")
end

local function warned(seen, code)
  for _, line in ipairs(seen.lines) do
    if line.event == "warning" and line.code == code then return line.message end
  end
end

local function assert_as_before(peer, preference)
  local state = stage.state(peer)
  assert.equal("application", state.mode)
  assert.equal(0, state.power)
  assert.same(preference or preference_of(old), state.preference)
  assert.same({}, stage.log(peer, "image"))
  assert.same({}, stage.mistakes(peer))
end

local function updated(peer, seen)
  assert.equal(0, seen.status, seen.stderr)
  local state = stage.state(peer)
  assert.same(new, state.running)
  assert.equal(0, state.power)
  assert.is_true(state.agrees)
end

describe("a modem that took no byte of an image", function()
  after_each(support.finish)

  it("prefers the pair that it runs when it preferred nothing", function()
    for _, empty in ipairs { { { "modem", "", "" }, { "pri", "", "" } },
                             { { "modem", "", "" }, { "pri", "", "00.06.02.00_" } },
                             { { "modem", " ", " " }, { "pri", "Unknown", "02.08.02.00_none" } }, {} } do
      local peer = mc7455({ preference = empty }, { loader = { product = "9X50" } })
      assert.is_false(run(peer, "update").result.ok)
      local state = stage.state(peer)
      assert.same({ "application", 0, true, old }, { state.mode, state.power, state.agrees, state.preferred })
      support.finish()
    end
  end)

  it("keeps the new preference when it preferred nothing and does not store what it runs, and that is said", function()
    local peer = mc7455({ stored = { att }, preference = { { "modem", "", "" }, { "pri", "", "" } } },
      { loader = { product = "9X50" } })
    local seen = run(peer, "update")
    assert.is_false(seen.result.ok)
    assert.matches("does not store the pair that it runs", seen.stderr)
    assert.matches("not undone: restore the preference", seen.result.failure.evidence)
    for _, entry in ipairs(written(peer)) do assert.equal(new.config, entry.preference[2][2]) end
  end)

  it("gets its preference back when a stored pair does not start", function()
    local peer = mc7455 { stored = { old, verizon }, never_runs = { "02.24.05.06_VERIZON" } }
    local seen = run(peer, "switch", "VERIZON")
    assert.equal("job.not_confirmed", seen.result.failure.code)
    assert.equal(6, seen.status)
    assert_as_before(peer)
  end)

  it("gets it back when an update switches to a stored pair that does not start", function()
    local peer = mc7455 { stored = { old, new }, never_runs = { "02.33.03.00_GENERIC" } }
    assert.equal(6, run(peer, "update").status)
    assert_as_before(peer)
  end)

  it("gets it back when its loader refuses the type of the image", function()
    local peer = mc7455({}, { loader = { refuse_open = { 2, 2, 2, 2 } } })
    local seen = run(peer, "update")
    assert.equal("qdl.open_refused", seen.result.failure.code)
    assert.equal(6, seen.status)
    assert_as_before(peer)
  end)

  it("gets AUTO-SIM back as it was", function()
    local peer = mc7455({ preference = AUTO_SIM }, { never_loads = true })
    assert.equal(6, run(peer, "update").status)
    assert_as_before(peer, AUTO_SIM)
  end)
end)

describe("a modem that requests no image of a pair that it does not store", function()
  after_each(support.finish)

  it("gets the images all the same", function()
    local peer = mc7455 { lists = "override" }
    updated(peer, run(peer, "update"))
    assert.equal(2, #stage.log(peer, "image"))
  end)

  it("gets them also when it stores other settings for the firmware", function()
    local peer = mc7455 { lists = "override", stored = { old, { firmware = new.firmware, carrier = "ATT",
      config = "002.072_000" } } }
    updated(peer, run(peer, "update"))
  end)

  it("is only restarted when it stores the pair", function()
    local peer = mc7455 { lists = "override", stored = { old, new } }
    updated(peer, run(peer, "update"))
    assert.equal(0, #stage.log(peer, "image"))
  end)
end)

describe("a modem that chooses its firmware by its SIM", function()
  after_each(support.finish)

  local function automatic()
    return mc7455({ preference = AUTO_SIM, stored = { att, old } }, { running = att })
  end

  it("is well", function()
    local peer = automatic()
    local seen = run(peer, "recover")
    assert.equal(0, seen.status, seen.stderr)
    assert.same({}, written(peer))
    local status = support.run { support.program, "--root", peer.root, "status" }
    assert.matches("prefers: +what its SIM asks for", status.stdout)
  end)

  it("is told in plan and update that its choice ends, and how it comes back", function()
    local peer = automatic()
    assert.matches("switch AUTO%-SIM", warned(run(peer, "plan"), "modem.auto_sim"))
    assert.same({}, written(peer))
    local seen = run(peer, "update")
    assert.matches("switch AUTO%-SIM", warned(seen, "modem.auto_sim"))
    updated(peer, seen)
  end)

  it("is told so when it switches", function()
    local peer = automatic()
    assert.truthy(warned(run(peer, "switch", "02.08.02.00"), "modem.auto_sim"))
    assert.same(old, stage.state(peer).running)
  end)

  it("needs no update to what it runs", function()
    local peer = mc7455({ preference = AUTO_SIM, stored = { new } }, { running = new })
    assert.equal(2, run(peer, "update").status)
  end)

  it("can be had with switch", function()
    local peer = mc7455 { stored = { old, att } }
    assert.equal(0, run(peer, "switch", "auto-sim").status)
    assert.same(AUTO_SIM, stage.state(peer).preference)
    assert.equal(2, run(peer, "switch", "AUTO-SIM").status)
  end)
end)

describe("the letter case of a carrier", function()
  after_each(support.finish)

  -- The modem compares letter by letter and gives no reason for its low power.
  local function exact(images, more)
    images.exact, images.rewrites = true, false
    more = more or {}
    more.messages = { ["0x002d"] = { omit = { "10" } } }
    return mc7455(images, more)
  end

  it("is that of the image, however it was typed", function()
    for _, typed in ipairs { "Generic", "generic" } do
      local peer = exact {}
      updated(peer, run(peer, "update", "--carrier", typed))
      assert.equal("02.33.03.00_GENERIC", written(peer)[1].preference[2][3])
    end
  end)

  it("is that of the stored settings when no file brings them", function()
    local peer = exact { stored = { old, { firmware = new.firmware, carrier = "GENERIC", config = new.config } } }
    local firmware = stage.images("MC7455", {}, { "firmware" })[1]
    local seen = stage.moonflash(peer, "--timeout-scale", "0.1", "update", "--carrier", "generic", "--config-version",
      new.config, firmware)
    updated(peer, seen)
    assert.equal("02.33.03.00_GENERIC", written(peer)[1].preference[2][3])
  end)

  it("is a mismatch while the radio is off", function()
    local other = { firmware = new.firmware, carrier = "Generic", config = new.config }
    for _, command in ipairs { "recover", "update" } do
      local peer = exact({ stored = { new }, preference = preference_of(other) }, { running = new, power = 1 })
      local seen = run(peer, command)
      assert.equal(0, seen.status, seen.stderr)
      updated(peer, seen)
    end
  end)

  it("makes no difference to a modem that is online", function()
    local other = { firmware = new.firmware, carrier = "Generic", config = new.config }
    local peer = mc7455({ stored = { new }, preference = preference_of(other) }, { running = new })
    assert.equal(2, run(peer, "update").status)
    assert.same({}, written(peer))
  end)
end)

describe("blanks and words for nothing", function()
  after_each(support.finish)

  it("around the texts of a modem are no difference", function()
    for _, pad in ipairs { "  ", " ", "\t" } do
      local peer = mc7455({}, { messages = { ["0x5556"] = { pad = pad } } })
      local seen = run(peer, "update")
      assert.equal(0, seen.status, seen.stderr)
      assert.same(new, seen.result.after)
    end
  end)

  it("are no preference in status", function()
    local peer = mc7455 { preference = { { "modem", "", "" }, { "pri", "", "02.08.02.00_" } } }
    local status = support.run { support.program, "--root", peer.root, "status" }
    assert.is_nil(status.stdout:find "prefers")
    assert.matches("runs: +02.08.02.00 GENERIC 002.007_001", status.stdout)
  end)

  it("are no settings in status", function()
    local peer = mc7455({ preference = { { "modem", "", "" }, { "pri", "", "" } } }, { messages = {
      ["0x5556"] = { set = { ["17"] = "204e6f6e6520", ["18"] = "" } } } })
    assert.is_nil(support.run({ support.program, "--root", peer.root, "status" }).stdout:find "None")
  end)
end)
