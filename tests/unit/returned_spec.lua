-- What scripts, their functions and their steps return: the same means the same, and a mistake no success.
local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local model = require "moonflash.engine.model"
local returned = require "moonflash.engine.returned"
local steps = require "moonflash.procedure.steps"

local refused = failure.new("script.refused", "not today")

local function outcome_of(which, value, detail)
  local found = returned[which]("my.lua", value, detail)
  if found then return found.code, found.message end
end

local mistakes = {
  ["false"] = { false, "why" }, ["42"] = { 42 }, ['"done"'] = { "done" }, ["nil and 5"] = { nil, 5 },
  ["nil and table"] = { nil, {} }, ['nil and ""'] = { nil, "" },
  ["a table with ok or exit that is no result"] = { { ok = false } },
  ["a table that is no model"] = { { usb = {}, family = "F" } },
  ["a list of steps"] = { { steps.confirm {} } },
}

-- Results that are none.
local no_results = { { ok = true, exit = 99 },
  { ok = true, exit = 0, failure = "text" }, { ok = true, exit = 0, failure = true }, { ok = true, exit = 3 },
  { ok = false, exit = 0, failure = { message = "no" } },
  { ok = false, exit = 3 }, { ok = false, exit = 3, failure = {} }, { exit = 3 }, { ok = 1, exit = 0 },
  { ok = false, exit = 2.5, failure = { message = "no" } },
  { ok = false, exit = 256, failure = { message = "no" } } } -- as os.execute says 1

describe("what a script returned", function()
  for words, values in pairs(mistakes) do
    it("is no success when it can only be a mistake: " .. words, function()
      local code, message = outcome_of("failure", values[1], values[2])
      assert.equal("script.invalid", code)
      assert.equal("my.lua returned " .. words, message)
    end)
  end

  it("is no success when it looks like a result and is none", function()
    for _, value in ipairs(no_results) do
      assert.is_false(returned.is_result(value))
      assert.equal("script.invalid", (outcome_of("failure", value)))
      assert.equal("script.invalid", (outcome_of("of_step", value)))
    end
  end)

  it("is its failure, also that of a result", function()
    assert.equal("script.refused", (outcome_of("failure", nil, refused)))
    assert.equal("script.refused", (outcome_of("failure", refused)))
    assert.equal("low", select(2, outcome_of("failure", nil, "low")))
    assert.equal("not today", select(2, outcome_of("failure", { ok = false, exit = 3, failure = refused })))
    local report = setmetatable({ ok = false, failure = failure.new("image.corrupt", "damaged") }, {})
    assert.equal("image.corrupt", (outcome_of("failure", report)))
    local of_process = { ok = false, exit = 5, failure = { code = "device.none", message = "no modem" } }
    assert.equal("device.none", (outcome_of("failure", of_process)))
    of_process.failure.code = "of a later version"
    assert.equal("script.refused", (outcome_of("failure", of_process)))
  end)

  it("is well with nothing, true, a result, an answer, a model, a function", function()
    assert.is_nil((outcome_of("failure", { ok = true, exit = 0, failure = require("cjson").null })))
    local made = model.define { name = "MC1", family = "F", product = "P", steps.confirm {},
      usb = { application = { "1199:0001" }, download = { "1199:0002" } } }
    assert.is_nil(returned.failure "my.lua")
    for _, value in ipairs { true, { ok = true, exit = 2 }, {}, { revision = "1" }, { 1, 2 }, made, print } do
      assert.is_nil(returned.failure("my.lua", value))
    end
  end)
end)

describe("what a step returned", function()
  it("must be something, and words are the engine's", function()
    assert.equal("my.lua returned nil", select(2, outcome_of("of_step")))
    assert.equal("my.lua returned false", select(2, outcome_of("of_step", false)))
    assert.equal("my.lua returned nil and 5", select(2, outcome_of("of_step", nil, 5)))
    assert.equal('my.lua returned "too weak"', select(2, outcome_of("of_step", "too weak")))
    for _, value in ipairs { true, engine.SKIP, engine.FINISH, {}, { ok = true, exit = 0 } } do
      assert.is_nil(returned.of_step("my.lua", value))
    end
    assert.equal("not today", select(2, outcome_of("of_step", { ok = false, exit = 3, failure = refused })))
  end)
end)
