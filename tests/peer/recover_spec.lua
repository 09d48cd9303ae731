-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What recover, status and plan make of modems that restart by themselves or store half of a pair.
local cjson = require "cjson"
local stage = require "tests.peer.stage"
local support = require "tests.support"

local new = stage.new.MC7455

local function run(modem, ...)
  modem.model = "MC7455"
  local peer = stage.start { modem }
  return stage.moonflash(peer, "--timeout-scale", "0.2", ...), peer
end

local function restless(every, loader_every)
  return { silent = { "qmi" }, restless = { every = every, loader_every = loader_every }, loader = { window = 1 },
    after_image = { restless = cjson.null, silent = { "no port" } } }
end

describe("a modem that restarts by itself and shows its loader now and then", function()
  after_each(support.finish)

  for _, case in ipairs { { 0.6, 5 }, { 0.3, 7 }, { 1, 2 } } do
    it(("every %.0f times is caught by recover with images"):format(case[2]), function()
      local seen, peer = run(restless(case[1], case[2]), "recover", unpack(stage.images "MC7455"))
      assert.equal(0, seen.status, seen.stderr)
      assert.same(new, stage.state(peer).running)
      assert.same({}, stage.mistakes(peer))
    end)
  end

  it("is left alone by update", function()
    local seen, peer = run(restless(0.6, 50), "update", unpack(stage.images "MC7455"))
    assert.equal(3, seen.status, seen.stderr)
    assert.same({}, stage.log(peer, "image"))
  end)
end)

describe("a modem whose settings are for another firmware", function()
  after_each(support.finish)

  local function hex(text)
    return (text:gsub(".", function(character) return ("%02x"):format(character:byte()) end))
  end

  -- The list of stored images: a firmware, and settings for another one.
  local function halves()
    local firmware, build, config = "03.04.03.00_?", "01.07.19.00_GENERIC", "016.010_000"
    local list = "02" .. "00040101" .. "0100" .. hex("?_?" .. ("\0"):rep(13)) .. "0d" .. hex(firmware)
      .. "0132ff01" .. "ffff" .. hex(config .. ("\0"):rep(5)) .. "13" .. hex(build)
    return { running = { firmware = "03.04.03.00", carrier = "GENERIC", config = config },
      power = 1, images = { preference = { { "modem", config, build }, { "pri", config, build } } },
      messages = { ["0x0049"] = { set = { ["01"] = list } } } }
  end

  it("is told which files make a pair", function()
    for _, words in ipairs { { "recover" }, { "switch", "GENERIC" } } do
      local seen = run(halves(), unpack(words))
      assert.equal(3, seen.status, seen.stderr)
      assert.matches("its settings are for 01.07.19.00, its firmware is 03.04.03.00", seen.result.failure.evidence)
      assert.matches("settings %(.nvu%) for 03.04.03.00", seen.result.failure.hint)
    end
    local advice = table.concat(run(halves(), "status").lines[1].advice, " ")
    assert.matches("settings %(.nvu%) for 03.04.03.00", advice)
    assert.is_nil(advice:find "goes back to images")
  end)
end)

describe("plan", function()
  after_each(support.finish)

  local function planned(stored, ...)
    local old = { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" }
    local seen = run({ images = { stored = { old, stored } } }, "plan", ...)
    assert.equal(0, seen.status, seen.stderr)
    for _, line in ipairs(seen.lines) do
      for _, step in ipairs(line.steps or {}) do
        if step.step == "send images" then return step end
      end
    end
  end

  it("says which half of a pair the modem stores", function()
    local images = stage.images "MC7455"
    local step = planned({ firmware = new.firmware, carrier = "ATT", config = "002.070_000" }, unpack(images))
    assert.matches("stores the firmware: only the settings are sent", step.message)
    assert.equal(5, step.seconds)
    assert.matches("only switches", planned(new, unpack(images)).message)
    local other = { firmware = "02.05.07.00", carrier = "VERIZON", config = "002.008_003" }
    assert.equal(90, planned(other, unpack(images)).seconds)
    assert.equal(90, planned(new, "--force", unpack(images)).seconds)
  end)
end)
