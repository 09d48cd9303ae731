-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Which modem it is, by all that it says of itself: ids, interfaces, product text, family. Images for another one are
-- refused before anything is changed, and only a loader is spoken to as one.
local cjson = require "cjson"
local stage = require "tests.peer.stage"
local support = require "tests.support"

local function run(peer, command, ...)
  local argv, model = { "--timeout-scale", "0.1", command }, nil
  for _, word in ipairs { ... } do
    if stage.new[word] then model = word else argv[#argv + 1] = word end
  end
  for _, path in ipairs(model and stage.images(model) or {}) do argv[#argv + 1] = path end
  return stage.moonflash(peer, unpack(argv))
end

local function assert_untouched(peer, name)
  local state = stage.state(peer, name)
  assert.same({ "application", 0 }, { state.mode, state.power })
  assert.same({}, stage.log(peer, "preference", name))
  assert.same({}, stage.log(peer, "image", name))
  assert.same({}, stage.mistakes(peer))
end

local function assert_refused(peer, seen, words)
  assert.equal(4, seen.status, seen.stderr)
  assert.equal("image.wrong_model", seen.result.failure.code)
  assert.truthy(seen.stderr:find(words, 1, true), seen.stderr)
  assert_untouched(peer)
end

describe("images for another family are refused", function()
  after_each(support.finish)

  local wp7607 = { model = "MC7354", family = "SWI9X07Y", product = "Sierra Wireless WP7607" }
  local em7565 = { model = "MC7455", family = "SWI9X50C", product = "Sierra Wireless EM7565", name = "other",
    ids = { application = "1199:9091", loader = "1199:9090" } }

  it("by the family and the product text of a modem with the ids of a model", function()
    local peer = stage.start { wp7607 }
    for _, command in ipairs { "plan", "update" } do
      assert_refused(peer, run(peer, command, "MC7354"), "WP7607")
      assert_refused(peer, run(peer, command, "--model", "mc7354", "MC7354"), "SWI9X07Y")
    end
    assert.equal(cjson.null, run(peer, "devices").lines[1].devices[1].model)
  end)

  it("by ids of another family, whatever --model says", function()
    local peer = stage.start { { model = "MC7455", family = "SWI9X50C", product = em7565.product, ids = em7565.ids } }
    assert_refused(peer, run(peer, "update", "--model", "mc7455", "MC7455"), "SWI9X50C")
  end)

  it("by the family of a modem whose owner gave it other ids", function()
    for _, product in ipairs { "Sierra Wireless MC7455 Qualcomm Snapdragon X7 LTE-A", "LTE Modem" } do
      local peer = stage.start { { model = "MC7455", family = "SWI9X50C", product = product } }
      assert_refused(peer, run(peer, "update", "MC7455"), "SWI9X50C")
      support.finish()
    end
  end)

  it("by --all for that modem alone", function()
    local own = { model = "MC7455", places = { application = "1-1" }, serial = "LQ1" }
    local other = { model = "MC7455", family = "SWI9X50C", product = "LTE Modem", name = "other", serial = "LQ2",
      ids = { application = "1199:9fff", loader = "1199:9ffe" }, places = { application = "1-2" } }
    local peer = stage.start { own, other }
    local seen = run(peer, "update", "--all", "--model", "mc7455", "MC7455")
    assert.equal(0, seen.status, seen.stderr)
    assert.matches("1%-2 .* is left out: .*SWI9X50C", seen.stderr)
    assert.same(stage.new.MC7455, stage.state(peer, "modem").running)
    assert_untouched(peer, "other")
  end)
end)

describe("a modem with one interface that is no loader", function()
  after_each(support.finish)

  it("is asked as a running one, and gets no byte of a loader's protocol", function()
    local peer = stage.start { { model = "MC7354", composition = { 3 } } }
    local seen = run(peer, "status")
    assert.same({ "application", 0 }, { seen.lines[1].mode, seen.status })
    assert.equal(0, run(peer, "at", "ATI").status)
    assert_untouched(peer)
    assert.equal(0, run(peer, "update", "MC7354").status)
    assert.same({}, stage.mistakes(peer))
  end)
end)

describe("a loader whose ids no model has", function()
  after_each(support.finish)

  local function start(more)
    local modem = { model = "MC7455", start = "loader", ids = { application = "1199:9fff", loader = "1199:9ffe" } }
    for name, value in pairs(more or {}) do modem[name] = value end
    return stage.start { modem }
  end

  it("gets no byte without --model, which the message names", function()
    local peer = start()
    for _, command in ipairs { "update", "recover" } do
      local seen = run(peer, command, "MC7455")
      assert.equal(3, seen.status, seen.stderr)
      assert.matches("%-%-model", seen.stderr)
    end
    assert.equal(3, run(peer, "recover").status)
    assert.same({}, stage.log(peer, "qdl"))
    assert.same({}, stage.mistakes(peer))
  end)

  it("gets the images with --model", function()
    for _, command in ipairs { "update", "recover" } do
      local peer = start()
      local seen = run(peer, command, "--model", "mc7455", "MC7455")
      assert.equal(0, seen.status, seen.stderr)
      assert.same(stage.new.MC7455, stage.state(peer).running)
      assert.same({}, stage.mistakes(peer))
      support.finish()
    end
  end)

  it("is left by a recovery without images", function()
    local peer = start()
    local seen = run(peer, "recover", "--model", "mc7455")
    assert.equal(0, seen.status, seen.stderr)
    assert.equal("application", stage.state(peer).mode)
    assert.same({}, stage.mistakes(peer))
  end)

  it("that comes back with the ids of a model of the same family is followed", function()
    local peer = start { ids = { application = "1199:9079", loader = "1199:9ffe" } }
    local seen = run(peer, "update", "--model", "mc7455", "MC7455")
    assert.equal(0, seen.status, seen.stderr)
  end)
end)

describe("-d", function()
  after_each(support.finish)

  it("finds no modem that has the ids in neither mode", function()
    local peer = stage.start { { model = "MC7455" } }
    for _, ids in ipairs { "413c:81b6", "413c", "1199:9079", "1199:81b6" } do
      local seen = run(peer, "update", "-d", ids, "MC7455")
      assert.same({ 5, "device.none" }, { seen.status, seen.result.failure.code })
    end
    assert_untouched(peer)
    assert.equal(0, run(peer, "update", "-d", "1199:9071", "MC7455").status)
  end)

  it("finds a modem that waits by its ids of both modes", function()
    local peer = stage.start { { model = "MC7455", start = "loader",
      ids = { application = "413c:81cc", loader = "413c:81cb" }, product = "DW5816e" } }
    local seen = run(peer, "recover", "-d", "413c:81cc", "MC7455")
    assert.equal(0, seen.status, seen.stderr)
    assert.same(stage.new.MC7455, stage.state(peer).running)
  end)
end)

describe("the spelling of a carrier", function()
  after_each(support.finish)

  it("is that of the image, not of --carrier, for a modem that compares letter by letter", function()
    local peer = stage.start { { model = "MC7455", images = { exact = true } } }
    local seen = run(peer, "update", "--carrier", "Generic", "MC7455")
    assert.equal(0, seen.status, seen.stderr)
    assert.same({ "GENERIC", 0 }, { stage.state(peer).running.carrier, stage.state(peer).power })
    assert.equal(4, run(peer, "update", "--carrier", "VZW", "MC7455").status)
    assert.equal(4, run(peer, "plan", "--config-version", "001.001_000", "MC7455").status)
  end)
end)
