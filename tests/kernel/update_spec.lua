-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Whole updates of modems that the drivers of a real kernel have: qcserial, qmi_wwan, cdc_mbim.
local cjson = require "cjson"
local stage = require "tests.sim.stage"
local support = require "tests.support"

local function simulate(model, ...)
  return stage.modem(model, { usb = true, faults = { ... } })
end

-- Updates a modem; it got all bytes of the images and nothing that it does not understand.
local function updates(modem, model)
  local files = stage.images(model, { size = 400000 })
  local run = stage.moonflash(modem, "update", unpack(files))
  assert.equal(0, run.status, run.stderr)
  assert.equal(cjson.null, run.result.failure)
  assert.same(stage.new[model], run.result.after)
  for index, path in ipairs(files) do
    local received = ("%s/received/%d.cwe"):format(modem.folder, index)
    assert.is_true(support.contents(path) == support.contents(received))
  end
  assert.same({}, stage.log(modem, "violation"))
end

describe("moonflash update, with the drivers of a real kernel", function()
  after_each(support.finish)

  for _, model in ipairs { "mc7455", "mc7354", "em7305" } do
    local tag = model == "mc7455" and " #short" or ""
    it("updates a modem by QMI: " .. model .. tag, function() updates(simulate(model), model) end)
  end

  it("follows a modem that runs at SuperSpeed to another place and back", function()
    local modem = simulate "mc7455"
    updates(modem, "mc7455")
    local places = {}
    for _, entry in ipairs(stage.log(modem, "usb")) do
      if entry.action == "add" then places[#places + 1] = entry.place end
    end
    assert.equal(3, #places)
    assert.equal(places[1], places[3])
    assert.not_equal(places[1], places[2])
  end)

  it("updates a modem by MBIM #short", function() updates(simulate("mc7455", "composition=8"), "mc7455") end)
end)
