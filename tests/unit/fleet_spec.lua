-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Several modems of one kind: which they are, and the result of all.
local failure = require "moonflash.base.failure"
local fleet = require "moonflash.commands.fleet"
local results = require "moonflash.commands.result"
local support = require "tests.support"

local mc7354 = { name = "MC7354", family = "SWI9X15C", product = "9X15",
  usb = { application = { "1199:68C0" }, download = { "1199:68C0" } } }
local em7305 = { name = "EM7305", family = "SWI9X15C", product = "9X15",
  usb = { application = { "1199:9063" }, download = { "1199:9062" } } }
local by_name = { MC7354 = mc7354, EM7305 = em7305 }

local function modem(place, model)
  return { place = place, model = model, mode = "application", interfaces = {}, missing = {},
    vid = "1199", pid = model == "EM7305" and "9063" or "68c0" }
end

-- A job for those there is a script for.
local function work_for(dev)
  local model = by_name[dev.model or "MC7354"]
  if model then return { device = dev, model = model, models = { mc7354, em7305 } } end
  return nil, failure.new("image.wrong_model", "these images are not for the " .. dev.model)
end

local function places(chosen)
  local found = {}
  for index, dev in ipairs(chosen) do found[index] = dev.place end
  return found
end

describe("the modems of one kind", function()
  it("are those that the images fit", function()
    local devices = { modem("1-1", "MC7354"), modem("1-2", "MC7455"), modem("1-3"), modem("1-4", "MC7354") }
    assert.same({ "1-1", "1-3", "1-4" }, places(assert(fleet.choose(devices, {}, {}, work_for))))
  end)

  it("are those that are selected", function()
    local devices = { modem("1-1", "MC7354"), modem("1-4", "MC7354") }
    assert.same({ "1-4" }, places(assert(fleet.choose(devices, { place = "1-4" }, {}, work_for))))
  end)

  it("are refused when there are two kinds", function()
    local devices = { modem("1-1", "MC7354"), modem("1-2", "EM7305") }
    local chosen, problem = fleet.choose(devices, {}, {}, work_for)
    assert.equal("device.ambiguous", support.code_of(chosen, problem))
    assert.truthy(problem.evidence:find("1-2 EM7305", 1, true))
  end)

  it("are not those of another model than the one that was said", function()
    local function always_mc7354(dev) return { device = dev, model = mc7354, models = { mc7354, em7305 } } end
    local devices = { modem("1-1", "MC7354"), modem("1-2", "EM7305") }
    assert.same({ "1-1" }, places(assert(fleet.choose(devices, {}, {}, always_mc7354))))
  end)

  it("are all that a script of one's own is for, whatever its name", function()
    local mine = { name = "Mine", family = "SWI9X15C", product = "9X15", usb = mc7354.usb }
    local models = { mine, mc7354, em7305 }
    local function always_mine(dev) return { device = dev, model = mine, models = models } end
    local devices = { modem("1-1", "MC7354"), modem("1-2", "Mine"), modem("1-3"), modem("1-4", "EM7305") }
    assert.same({ "1-1", "1-2", "1-3" }, places(assert(fleet.choose(devices, {}, {}, always_mine))))
    mine.usb, mine.aliases = { application = {}, download = {} }, { "MC7354" }
    assert.same({ "1-1", "1-2", "1-3" }, places(assert(fleet.choose(devices, {}, {}, always_mine))))
  end)

  it("may be none: then it is said why", function()
    assert.equal("device.none", support.code_of(fleet.choose({}, {}, {}, work_for)))
    assert.equal("image.wrong_model",
      support.code_of(fleet.choose({ modem("1-1", "MC7455") }, {}, {}, work_for)))
  end)

  it("cannot share an image that can be read only once", function()
    local set = { images = { { file = "-", read_once = true } } }
    local devices = { modem("1-1", "MC7354"), modem("1-4", "MC7354") }
    assert.equal("source.read_once", support.code_of(fleet.choose(devices, {}, set, work_for)))
    assert.same({ "1-1" }, places(assert(fleet.choose({ devices[1] }, {}, set, work_for))))
  end)
end)

describe("the result of all", function()
  local function result(place, exit, code)
    return { place = place, exit = exit, ok = not code, failure = code and failure.new(code, "it failed") }
  end

  it("is done when one was updated, nothing to do when none had to be", function()
    assert.same({ ok = true, exit = 0 }, results.of_all({ result("1-1", 2), result("1-2", 0) }, 2))
    assert.same({ ok = true, exit = 2 }, results.of_all({ result("1-1", 2), result("1-2", 2) }, 2))
  end)

  it("is the worst, and names all that failed", function()
    local all = results.of_all({ result("1-1", 3, "device.busy"), result("1-2", 7, "qdl.stalled"),
      result("1-3", 0) }, 3)
    assert.is_false(all.ok)
    assert.equal(7, all.exit)
    assert.equal("qdl.stalled", all.failure.code)
    assert.equal("2 of 3 modems could not be updated", all.failure.message)
    assert.equal("1-1: it failed; 1-2: it failed", all.failure.evidence)
  end)

  it("counts those that were not begun", function()
    local all = results.of_all({ result("1-1", 0), result("1-2", 9, "job.interrupted") }, 4)
    assert.equal(9, all.exit)
    assert.equal("3 of 4 modems could not be updated", all.failure.message)
    assert.truthy(all.failure.evidence:find("2 not begun", 1, true))
  end)
end)
