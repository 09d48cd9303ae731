-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The steps of an update, in their order for all models. A model names only the fields that differ.
--
--     flash.update_steps { send_images = { final_ack = 140 } }
--

local steps = require "moonflash.procedure.steps"

local update = {}

local order = {
  { "read_versions", { mode = "application" } },
  { "stop_if_current", { mode = "application" } },
  { "set_preference", { mode = "application" } },
  { "enter_download", { mode = "application" } },
  { "send_images", {} }, { "leave_download", {} }, { "wait", {} }, { "confirm", {} },
}

-- A step of a model takes all other fields from the usual one.
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
-- @tparam table own by the name of a step: its fields that differ
-- @treturn table an array of steps, for flash.model { ... }
-- @raise for another name, and for fields that the step refuses
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
