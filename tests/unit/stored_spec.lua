-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The pairs a modem stores: which there are, which one a word means, and which leads back.
local stored = require "moonflash.procedure.stored_images"

local function image(build_id, unique_id)
  return { build_id = build_id, unique_id = unique_id, storage_index = 1, failure_count = 0 }
end

local groups = {
  { type = "modem", images = {
    image("02.08.02.00_?", "?_?"), image("02.14.03.02_?", "?_?"), image("", "?_?") } },
  { type = "pri", images = {
    image("02.08.02.00_ATT", "002.009_001"), image("02.08.02.00_GENERIC", "002.007_001"),
    image("02.14.03.02_SPRINT", "002.012_001"), image("02.14.03.02_GENERIC", "002.013_000"),
    image("02.05.07.00_VERIZON", "002.008_003"), image("00.00.00.00_OEMPRI918", "001.000_000") } },
}

local function state(running, preferred)
  return { stored = groups, running = running, preferred = preferred }
end

local old = { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" }

local function text(pair)
  return pair and pair.firmware .. " " .. pair.carrier
end

describe("stored.pairs", function()
  it("are settings whose firmware is there too, with the list that asks for them", function()
    local pairs_found = stored.pairs(groups)
    assert.equal(4, #pairs_found)
    assert.same({
      { type = "modem", unique_id = "?_?", build_id = "02.08.02.00_?" },
      { type = "pri", unique_id = "002.009_001", build_id = "02.08.02.00_ATT" },
    }, pairs_found[1].preference)
    assert.same({}, stored.pairs(nil))
  end)
end)

describe("stored.find", function()
  it("takes a carrier in any case, a build id, a version", function()
    local now = state(old)
    assert.equal("02.14.03.02 SPRINT", text(stored.find(now, "sprint")))
    assert.equal("02.08.02.00 ATT", text(stored.find(now, "02.08.02.00_ATT")))
    assert.equal("02.14.03.02 SPRINT", text(stored.find(now, "002.012_001")))
    assert.equal("02.14.03.02", stored.find(now, "02.14.03.02").firmware)
  end)

  it("takes a build id with the version of its settings", function()
    local both = { groups[1], { type = "pri", images = {
      image("02.08.02.00_GENERIC", "002.007_001"), image("02.08.02.00_GENERIC", "002.009_001") } } }
    for _, config in ipairs { "002.007_001", "002.009_001" } do
      local found = stored.find({ stored = both, running = old }, "02.08.02.00_GENERIC_" .. config)
      assert.equal(config, found.config)
    end
  end)

  it("prefers the firmware that runs, else the newest", function()
    assert.equal("02.08.02.00 GENERIC", text(stored.find(state(old), "GENERIC")))
    assert.equal("02.14.03.02 GENERIC", text(stored.find(state { firmware = "09.09.09.09" }, "GENERIC")))
  end)

  it("says what is stored when nothing fits", function()
    local none, problem = stored.find(state(old), "VERIZON")
    assert.is_nil(none)
    assert.equal("stored.none", problem.code)
    assert.truthy(problem.evidence:find("02.14.03.02 SPRINT", 1, true))
  end)
end)

describe("images that are no pair", function()
  local loose = { { type = "modem", images = { image("03.04.03.00_?", "?_?") } },
    { type = "pri", images = { image("01.07.19.00_GENERIC", "016.010_000") } } }
  local now = { stored = loose, running = { firmware = "03.04.03.00", carrier = "GENERIC", config = "016.010_000" },
    preferred = { firmware = "01.07.19.00", carrier = "GENERIC", config = "016.010_000" } }

  it("are named, with the files that make a pair of them", function()
    local evidence = "no pair; its settings are for 01.07.19.00, its firmware is 03.04.03.00"
    for _, find in ipairs { function() return stored.find(now, "GENERIC") end,
                            function() return stored.way_back(now) end } do
      local none, problem = find()
      assert.is_nil(none)
      assert.truthy(problem.evidence:find(evidence, 1, true))
      assert.matches("settings %(.nvu%) for 03.04.03.00, or the firmware %(.cwe%) 01.07.19.00", problem.hint)
    end
  end)

  it("lack one half", function()
    assert.same({ modem = true, pri = false }, stored.lacks(loose, now.preferred))
    assert.same({ modem = false, pri = true }, stored.lacks(loose,
      { firmware = "03.04.03.00", carrier = "GENERIC", config = "016.010_000" }))
    assert.same({ modem = true, pri = true }, stored.lacks({}, now.running))
    assert.is_false(stored.has(nil, now.running))
    assert.is_false(stored.has(loose, now.running))
  end)
end)

describe("stored.way_back", function()
  it("is what runs, when that is stored", function()
    assert.equal("02.08.02.00 GENERIC", text(stored.way_back(state(old, { carrier = "ATT" }))))
  end)

  it("keeps the firmware, with the settings of the preferred carrier or the generic ones", function()
    local bare = { firmware = "02.08.02.00" }
    assert.equal("02.08.02.00 ATT", text(stored.way_back(state(bare, { carrier = "ATT" }))))
    assert.equal("02.08.02.00 GENERIC", text(stored.way_back(state(bare, { carrier = "TELUS" }))))
  end)

  it("takes another firmware only when there are no settings for the one that runs", function()
    local new = { firmware = "02.33.03.00" }
    assert.equal("02.08.02.00 ATT", text(stored.way_back(state(new, { carrier = "ATT" }))))
    assert.equal("02.14.03.02 GENERIC", text(stored.way_back(state(new, { carrier = "TELUS" }))))
  end)

  it("is a failure when nothing fits together", function()
    local none, problem = stored.way_back { stored = {}, running = { firmware = "1.2.3.4" } }
    assert.is_nil(none)
    assert.equal("stored.none", problem.code)
  end)
end)
