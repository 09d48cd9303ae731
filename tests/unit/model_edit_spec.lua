-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Models made from models: copies, and clear words when something is not there.
local flash = require "moonflash"

local function a_step(name, fields)
  local step = { name = name, run = function() end }
  for field, value in pairs(fields or {}) do step[field] = value end
  return step
end

local function base()
  return flash.model {
    name = "MC1", family = "F", product = "P",
    usb = { application = { "1199:0001" }, download = { "1199:0002" } },
    flash.steps.read_versions {}, a_step "own", flash.steps.send_images { retry = 1 },
  }
end

local function names(model)
  local list = {}
  for index, step in ipairs(model) do list[index] = step.name end
  return table.concat(list, ", ")
end

describe("a model made from another", function()
  local edits = {
    { "insert_before", { "own", a_step "new" }, "read versions, new, own, send images" },
    { "insert_after", { "send images", a_step "new" }, "read versions, own, send images, new" },
    { "replace", { "read versions", a_step "new" }, "new, own, send images" },
    { "remove", { "own" }, "read versions, send images" },
  }
  for _, edit in ipairs(edits) do
    it("has its steps after " .. edit[1] .. ", and the original keeps its own", function()
      local original = base()
      assert.equal(edit[3], names(flash[edit[1]](original, unpack(edit[2]))))
      assert.equal("read versions, own, send images", names(original))
    end)
  end

  it("has fields of a step changed, and the original keeps its own", function()
    local original = base()
    local made = flash.change(original, "send images", { final_ack = 9, retry = 5 })
    assert.equal(9, made[3].final_ack)
    assert.equal(5, made[3].retry)
    assert.equal("download", made[3].mode)
    assert.equal(140, original[3].final_ack)
    assert.equal(1, original[3].retry)
    assert.is_false(flash.change(original, "own", { changes = false })[2].changes)
  end)

  it("says other things of itself, and the original its own", function()
    local original = base()
    assert.equal("MC2", flash.rename(original, { name = "MC2" }).name)
    assert.equal("MC1", original.name)
  end)

  it("is refused in words when there is no such step, field or model", function()
    local function refuses(words, name, ...)
      local arguments = { ... }
      assert.error_matches(function() flash[name](unpack(arguments, 1, 3)) end, words, 1, true)
    end
    local all = "it has: read versions, own, send images"
    for _, edit in ipairs(edits) do
      refuses('MC1 has no step "sned images"; ' .. all, edit[1], base(), "sned images", a_step "new")
      refuses("a model expected", edit[1], {}, "own", a_step "new")
    end
    refuses('step "send images" has no field "retires"', "change", base(), "send images", { retires = 1 })
    refuses('step "send images": retry must be a whole', "change", base(), "send images", { retry = "1" })
    refuses("unknown field of a model: nmae", "rename", base(), { nmae = "x" })
    refuses("step 2 is no step", "insert_before", base(), "own", { name = "no run" })
    refuses("step 2 is no step", "insert_before", base(), "own", nil)
    refuses("step 4 is no step", "insert_after", base(), "send images", nil)
    refuses("step 2 is no step", "replace", base(), "own", nil)
  end)

  it("blames the line of the script", function()
    local _, message = pcall(function() flash.remove(base(), "nothing") end)
    assert.truthy(message:find("model_edit_spec.lua", 1, true), message)
  end)
end)
