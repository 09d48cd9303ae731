-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Copies of models with steps added, changed or removed. The original model is not changed. Each function takes a
-- model and the name of one of its steps, as `moonflash plan` lists it, and returns the copy. It raises an error when
-- there is no such step.
--
--     flash.insert_before(mc7455, "set preference", new_step)
--     flash.insert_after(mc7455, "confirm", new_step)
--     flash.replace(mc7455, "confirm", new_step)
--     flash.remove(mc7455, "stop if current")
--     flash.change(mc7455, "confirm", { retry = 60 })         other values of some fields of the step
--     flash.rename(mc7455, { name = "MC7455-mine" })          other fields of the model; no step is named
--

local model = require "moonflash.engine.model"
local step = require "moonflash.engine.step"
local tables = require "moonflash.base.table"

local model_edit = {}

local function copy(original)
  if not model.is(original) then
    error("a model expected; flash.script gives none when there is no script of that name", 3)
  end
  return tables.merge(original)
end

local function index_of(steps, name)
  local names = {}
  for index, one in ipairs(steps) do
    if one.name == name then return index end
    names[index] = one.name
  end
  error(("%s has no step %q; it has: %s"):format(steps.name, tostring(name), table.concat(names, ", ")), 3)
end

-- Changes the list of steps at the index of the named one. A missing step becomes false, which model.define refuses.
local edits = {
  insert_before = function(steps, index, new) table.insert(steps, index, new or false) end,
  insert_after = function(steps, index, new) table.insert(steps, index + 1, new or false) end,
  replace = function(steps, index, new) steps[index] = new or false end,
  remove = function(steps, index) table.remove(steps, index) end,
  change = function(steps, index, fields) steps[index] = step.with(steps[index], fields) end,
}

for function_name, edit in pairs(edits) do
  model_edit[function_name] = function(original, name, value)
    local made = copy(original)
    edit(made, index_of(made, name), value)
    return model.define(made)
  end
end

--- A copy with other fields of the model: `flash.rename(mc7455, { name = "MC7455-mine" })`.
-- @tparam table original a model
-- @tparam table fields name, aliases, summary, family, product, usb, preference_command
-- @treturn table the model
-- @raise for a field that models do not have
function model_edit.rename(original, fields)
  return model.define(tables.merge(copy(original), fields))
end

return model_edit
