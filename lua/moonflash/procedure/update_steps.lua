--- The steps of an update, in the order that holds for all models: a script says what is different
-- with its modem, step by step.
--
--     flash.update_steps { send_images = { final_ack = 180 } }
--
-- @module moonflash.procedure.update_steps

local steps = require "moonflash.procedure.steps"

local update = {}

local order = {
  { "read_versions", { mode = "application" } },
  { "stop_if_current", { mode = "application" } },
  { "set_preference", { mode = "application" } },
  { "enter_download", { mode = "application" } },
  { "send_images", {} }, { "leave_download", {} }, { "wait", {} }, { "confirm", {} },
}

-- A step that a script says something of takes the rest from the usual one.
for _, row in ipairs(order) do
  row.usual = steps[row[1]](row[2])
  row.usual.__index = row.usual
end

local function check(own)
  local known, names = {}, {}
  for index, row in ipairs(order) do known[row[1]], names[index] = true, row[1] end
  for name, fields in pairs(own) do
    if not known[name] then
      error(("an update has no step %s; it has: %s"):format(tostring(name), table.concat(names, " ")), 3)
    end
    if type(fields) ~= "table" then error(name .. " must be a table", 3) end
  end
end

--- Makes the steps.
-- @tparam table own by the name of a step: fields that replace or join those above
-- @treturn table an array of steps, to stand in flash.model { ... }
-- @raise for a step that is none of these, and for what the step itself refuses
function update.steps(own)
  check(own)
  local list = {}
  for index, row in ipairs(order) do
    local made, step = pcall(steps[row[1]], own[row[1]])
    if not made then error(tostring(step):gsub("^[^:]*:%d+: ", ""), 2) end
    list[index] = setmetatable(step, row.usual)
  end
  return list
end

return update
