-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Requests: what they leave open is taken from the current run; what is wrong in them raises.
local flash = require "moonflash"
local jobs = require "moonflash.commands.job"
local requests = require "moonflash.base.request"
local run = require "moonflash.base.run"
local support = require "tests.support"

local function with_run(given, work)
  return run.within({ root = given.root or "/", selection = given.selection or {}, options = given.options or {},
    emit = given.emit or function() end }, work)
end

describe("a request", function()
  after_each(support.finish)

  it("takes what it leaves open from the current run; options one by one, a selection as a whole", function()
    local outer = { root = "/r", selection = { place = "1-1" }, options = { carrier = "ATT", force = true },
      emit = print }
    local inner = with_run(outer, function()
      return requests.complete { options = { force = false }, selection = {} }
    end)
    assert.equal("/r", inner.root)
    assert.same({}, inner.selection)
    assert.same({ carrier = "ATT", force = false }, inner.options)
    assert.equal(print, inner.emit)
    assert.same({ carrier = "ATT", force = true }, outer.options)
    assert.equal("/", requests.complete().root)
  end)

  it("raises for fields that do not exist", function()
    assert.error_matches(function() requests.check { selektion = {} } end,
      "a request has no field selektion; it has: arguments emit .* selection")
    for _, name in ipairs { 1, "" } do
      assert.error_matches(function() requests.check { [name] = "x" } end, "a request has no field")
    end
    assert.error_matches(function() requests.check { options = { forse = true } } end, "options has no field")
  end)

  it("raises for values that are wrong", function()
    local wrong = { force = "no", chunk_size = 0, storage_index = 1.5, timeout_scale = 0, route = 1 }
    for name, bad in pairs(wrong) do
      assert.error_matches(function() requests.check { options = { [name] = bad } } end,
        "options: " .. name .. " must be")
    end
    for _, list in ipairs { { 5 }, { "a", nil, "b" }, { "a\0b" } } do
      assert.error_matches(function() requests.check { files = list } end, "files must be texts")
    end
    assert.error_matches(function() flash.switch {} end, "the request has no pair")
    assert.error_matches(function() flash.run_script {} end, "the request has no path")
  end)

  it("raises at the line of its caller", function()
    local _, raised = pcall(function() local result = flash.status "x" return result end)
    assert.truthy(raised:find "request_spec%.lua:%d+: a request must be a table")
    local _, deep = pcall(function() local devices = flash.devices { root = 5 } return devices end)
    assert.truthy(deep:find "request_spec%.lua:%d+: a request: root must be a string")
  end)
end)

describe("the model of a request", function()
  local modem = { place = "1-1", vid = "1199", pid = "9071", mode = "application" }

  it("is the one of a script file, when the option names a file", function()
    assert.is_nil(jobs.named_script())
    assert.is_nil(jobs.named_script "MC7455")
    assert.equal("script.not_found", support.code_of(jobs.named_script "./none.lua"))
  end)

  it("has to exist", function()
    local seen = { models = {}, set = {} }
    assert.equal("device.unknown_model", support.code_of(jobs.of_update(requests.complete(), seen, modem)))
    local named = requests.complete { options = { model = "MC9999" } }
    assert.equal("script.not_found", support.code_of(jobs.of_update(named, seen, modem)))
  end)
end)

describe("the current run", function()
  it("is the one of before, when what ran within another one raises", function()
    assert.error(function() with_run({ root = "/r" }, function() error "oh" end) end)
    assert.equal("/", run.current().root)
  end)

  it("warns once of an event handler that raises, and gives it the next events", function()
    local calls, warned = 0, {}
    with_run({ emit = function(event) warned[#warned + 1] = event end }, function()
      local emit = requests.complete({ emit = function() calls = calls + 1 error "oh" end }).emit
      for _ = 1, 3 do emit { event = "note" } end
    end)
    assert.equal(3, calls)
    assert.equal(1, #warned)
    assert.equal("script.raised", warned[1].code)
    assert.truthy(warned[1].message:find "^an event is lost, .*request_spec%.lua:%d+: oh")
  end)
end)
