--- Copies of models with steps added, changed or removed. A step is named as `moonflash plan` lists it. The original
-- model is not changed.
--
--     local mc7455 = flash.script "mc7455"
--     return flash.insert_before(mc7455, "set preference", flash.steps.action {
--       name = "look at the battery", changes = false, run = function(job) ... end,
--     })
--
-- @module moonflash.engine.model_edit

local model = require "moonflash.engine.model"
local step = require "moonflash.engine.step"
local tables = require "moonflash.base.table"

local model_edit = {}

local function copy(original)
  if not model.is(original) then
    error("a model expected; flash.script gives none when there is no script of that name", 4)
  end
  return tables.merge(original)
end

local function index_of(steps, name)
  local names = {}
  for index, one in ipairs(steps) do
    if one.name == name then return index end
    names[index] = one.name
  end
  error(("%s has no step %q; it has: %s"):format(steps.name, tostring(name), table.concat(names, ", ")), 4)
end

-- A copy after `edit(steps, index of the named step)`. Callers put the call into brackets: a tail call would take a
-- frame away from the levels of error() above.
local function edited(original, name, edit)
  local made = copy(original)
  edit(made, index_of(made, name))
  return model.define(made)
end

--- A copy with a step before another.
-- @tparam table original a model
-- @tparam string name of the step that will come next
-- @tparam table new the step
-- @treturn table the model
-- @raise when there is no such step
function model_edit.insert_before(original, name, new)
  return (edited(original, name, function(steps, index) table.insert(steps, index, new or false) end))
end

--- A copy with a step after another.
-- @tparam table original a model
-- @tparam string name of the step that comes just before
-- @tparam table new the step
-- @treturn table the model
-- @raise when there is no such step
function model_edit.insert_after(original, name, new)
  return (edited(original, name, function(steps, index) table.insert(steps, index + 1, new or false) end))
end

--- A copy with one step replaced.
-- @tparam table original a model
-- @tparam string name of the step that goes
-- @tparam table new the step that comes
-- @treturn table the model
-- @raise when there is no such step
function model_edit.replace(original, name, new)
  return (edited(original, name, function(steps, index) steps[index] = new or false end))
end

--- A copy without a step.
-- @tparam table original a model
-- @tparam string name of the step
-- @treturn table the model
-- @raise when there is no such step
function model_edit.remove(original, name)
  return (edited(original, name, table.remove))
end

--- A copy with some fields of a step changed: `flash.change(mc7455, "confirm", { retry = 60 })`.
-- @tparam table original a model
-- @tparam string name of the step
-- @tparam table fields of that step
-- @treturn table the model
-- @raise when there is no such step, or it has no such field
function model_edit.change(original, name, fields)
  return (edited(original, name, function(steps, index) steps[index] = step.with(steps[index], fields) end))
end

--- A copy with other fields of the model: `flash.rename(mc7455, { name = "MC7455-mine" })`.
-- @tparam table original a model
-- @tparam table fields name, aliases, summary, family, product, usb, preference_command
-- @treturn table the model
-- @raise for a field that models do not have
function model_edit.rename(original, fields)
  local made = copy(original)
  for field, value in pairs(fields) do made[field] = value end
  return model.define(made)
end

return model_edit
