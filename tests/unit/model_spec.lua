-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Model scripts: what a script may say, and which script is found.
local files = require "moonflash.engine.model_files"
local model = require "moonflash.engine.model"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local function description(changes)
  local fields = { name = "MC1", family = "F", product = "P",
                   usb = { application = { "1199:0001" }, download = { "1199:0002" } } }
  for key, value in pairs(changes or {}) do fields[key] = value end
  if tables.maxn(fields) == 0 then fields[1] = { name = "a step", run = function() end } end
  return fields
end

describe("model.define", function()
  it("takes a complete description", function()
    assert.is_true(model.is(model.define(description())))
  end)

  it("refuses unknown, missing and wrong fields", function()
    assert.error_matches(function() model.define(description { famly = "F" }) end,
      "unknown field of a model: famly")
    assert.error_matches(function() model.define { name = "MC1" } end, "needs the field family")
    assert.error_matches(function() model.define(description { name = 1 }) end, "name must be a string")
    assert.error_matches(function()
      model.define(description { usb = { application = { "1199" }, download = {} } })
    end, "not a USB id: 1199")
  end)

  it("takes a list of steps for the steps in it", function()
    local function a_step(name) return { name = name, run = function() end } end
    local one = model.define(description { a_step "1", { a_step "2", a_step "3" }, a_step "4" })
    local names = {}
    for index, step in ipairs(one) do names[index] = step.name end
    assert.same({ "1", "2", "3", "4" }, names)
  end)

  it("refuses holes, and a model without steps: nothing would be done, or half of it", function()
    local function a_step(name) return { name = name, run = function() end } end
    local function refuses(words, steps)
      assert.error_matches(function() model.define(description(steps)) end, words)
    end
    refuses("step 1 is no step", { [2] = a_step "2" })
    refuses("step 2 is no step", { a_step "1", nil, a_step "3" })
    refuses("step 3 is no step", { a_step "1", { a_step "2", nil, a_step "4" } })
    refuses("step 1 is no step", { {} })
    local none = description()
    none[1] = nil
    assert.error_matches(function() model.define(none) end, "a model needs steps")
  end)

  it("refuses what is no step", function()
    assert.error_matches(function() model.define(description { [1] = { name = "x" } }) end,
      "step 1 is no step")
    local function one_with(fields)
      fields.name, fields.run = "x", function() end
      return function() model.define(description { fields }) end
    end
    assert.error_matches(one_with { retry = -1 }, "retry must be a whole number")
    assert.error_matches(one_with { mode = "sleeping" }, "mode must be")
    assert.error_matches(one_with { within = "1" }, "within must be a number of seconds")
    assert.has_no.errors(one_with { mine = true })
  end)
end)

describe("model.fits", function()
  it("compares without case, and what is not said is no objection", function()
    local one = model.define(description())
    assert.is_true(model.fits(one, { product = "p", family = "f" }))
    assert.is_true(model.fits(one, { product = "P" }))
    assert.is_false(model.fits(one, { product = "Q" }))
    assert.is_false(model.fits(one, { product = "P", family = "G" }))
  end)

  it("goes by the family when the product is no chip's name", function()
    local one = model.define(description { family = "SWI9X15C", product = "9X15" })
    assert.is_true(model.fits(one, { product = "MDM", family = "SWI9X15C" }))
    assert.is_false(model.fits(one, { product = "9x30", family = "SWI9X15C" }))
    assert.is_false(model.fits(one, { product = "MDM" }))
  end)

  it("goes by the model that settings name", function()
    local one = model.define(description { aliases = { "EM1" } })
    assert.is_true(model.fits(one, { images = { { model = "em1" }, {} } }))
    local fits, words = model.fits(one, { images = { { family = "F", product = "P" }, { model = "EM2", file = "x.nvu",
      from = { model = "outer header" } } } })
    assert.is_false(fits)
    assert.equal("outer header of x.nvu: the model EM2", words)
  end)

  it("takes letters behind the number of a model for a variant of it", function()
    local one = model.define(description { name = "MC7455", aliases = { "EM7455", "DW5811e" } })
    for _, name in ipairs { "EM7455B", "MC7455MNA", "dw5811", "DW5811e" } do
      assert.is_true(model.fits(one, { model = name }))
    end
    for _, name in ipairs { "EM7430", "MC74551", "EM745", "DW5811e1" } do
      assert.is_false(model.fits(one, { model = name }))
    end
  end)

  it("goes by the family that a modem names, without a model", function()
    local images = { family = "SWI9X30C", product = "9X30", model = "EM7455" }
    assert.is_true(model.fits({ family = "SWI9X30C", product = "9X30" }, images))
    assert.is_true(model.fits({}, images))
    for _, family in ipairs { "SWI9X50C", "SWI9X07Y", "SWI9X15C" } do
      assert.is_false(model.fits({ family = family }, images))
    end
    assert.is_false(model.fits({ family = "SWI9X50C", product = "9X50" }, { product = "9X30" }))
  end)
end)

describe("a model", function()
  it("answers to its name and its aliases, without case", function()
    local one = model.define(description { aliases = { "EM1" } })
    assert.is_true(model.answers_to(one, "mc1"))
    assert.is_true(model.answers_to(one, "em1"))
    assert.is_false(model.answers_to(one, "mc2"))
  end)

  it("of another name is for devices with its ids, of a model of its family", function()
    local one, other = model.define(description { name = "MINE" }), model.define(description { family = "G" })
    local device = { model = "MC1", vid = "1199", pid = "0002" }
    assert.is_true(model.is_for(one, device, { model.define(description()) }))
    assert.is_false(model.is_for(one, device, { other }))
    assert.is_false(model.is_for(one, { vid = "1199", pid = "0003" }, {}))
    assert.is_true(model.is_for(one, { model = "MINE", vid = "1199", pid = "0003" }, {}))
  end)
end)

describe("files.load", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(support.finish)

  local function write(text)
    local path = folder .. "/x.lua"
    assert(sys.write_file(path, text))
    return path
  end

  it("says which line does not parse", function()
    local found, problem = files.load(write "return {\n  oops\n= =\n}")
    assert.is_nil(found)
    assert.equal("script.invalid", problem.code)
    assert.truthy(problem.message:find("x.lua:3", 1, true))
  end)

  it("says the path as it is, though long", function()
    folder = folder .. "/" .. ("long"):rep(50)
    assert(sys.make_folder(folder))
    local path = write "\nreturn ="
    local _, problem = files.load(path)
    assert.equal(path .. ":2: unexpected symbol near", problem.message:match "^.*near")
  end)

  it("says which line raised", function()
    local found, problem = files.load(write "\nerror 'no'")
    assert.is_nil(found)
    assert.equal("script.raised", problem.code)
    assert.truthy(problem.message:find("x.lua:2", 1, true))
  end)

  it("points at the script's own line for a wrong step", function()
    local _, problem = files.load(write 'local flash = require "moonflash"\nflash.steps.wait { wihtin = 3 }')
    assert.truthy(problem.message:find("x.lua:2", 1, true))
    assert.truthy(problem.message:find("wihtin", 1, true))
  end)

  it("hands over the arguments", function()
    assert.equal("b", (files.load(write "return select(2, ...)", "a", "b")))
  end)

  it("fails for a missing file", function()
    local found, problem = files.load(folder .. "/none.lua")
    assert.is_nil(found)
    assert.equal("script.not_found", problem.code)
  end)
end)

describe("bundled scripts", function()
  it("all load, with distinct names and ids", function()
    local models = assert(files.all())
    assert.truthy(#models > 0)
    local owner = {}
    for _, one in ipairs(models) do
      for _, id in ipairs(one.usb.application) do
        assert.is_nil(owner[id], id .. " is claimed twice")
        owner[id] = one.name
      end
    end
  end)

  it("are found by name whatever the case", function()
    assert.equal("MC7455", assert(files.script "MC7455").name)
    local missing, problem = files.script "mc0000"
    assert.is_nil(missing)
    assert.equal("script.not_found", problem.code)
  end)
end)
