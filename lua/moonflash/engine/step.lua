-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Steps. A kind of step (its name, its own fields, its work) becomes a constructor, which a script calls with a table
-- of fields. The fields that all steps share are handled by the engine.

local tables = require "moonflash.base.table"

local step = {}

--- Fields of every step.
-- mode: the step runs only in this mode of the modem; within: seconds of each wait for the modem; retry: how often a
-- failure is tried again; pause: seconds between tries; most: seconds of the step: all its waits and tries end by then;
-- after_restart: the same, from the last restart of the modem on; again: how often this step may restart the whole
-- procedure; undo: the name of the function that undoes the step when a later one fails; name: in words; run: a
-- function(job, step) instead of the kind's.
step.shared = {
  name = "string", mode = "mode", within = "seconds", retry = "count", pause = "pause", most = "seconds",
  after_restart = "seconds", again = "count", undo = "string", run = "function",
}

local action_fields = { changes = "boolean", seconds = "pause" }

-- More seconds do not fit into C's milliseconds.
local MOST = 1000000

local function number(least, whole)
  return function(value)
    return type(value) == "number" and value >= least and value <= MOST and (not whole or value % 1 == 0)
  end
end

local function is_mode(value)
  return value == "application" or value == "download"
end

local function is_route(value)
  return type(value) == "table" and type(value.name) == "string" and type(value.run) == "function"
end

local function are_routes(value)
  for _, route in ipairs(type(value) == "table" and value or {}) do
    if not is_route(route) then return false end
  end
  return type(value) == "table" and value[1] ~= nil
end

-- What a field may be besides a type of Lua: in words, and whether a value is it.
local kinds = {
  count = { "a whole number from 0 to 1000000", number(0, true) },
  several = { "a whole number from 1 to 1000000", number(1, true) },
  pause = { "a number of seconds from 0 to 1000000", number(0) },
  seconds = { "a number of seconds above 0, at most 1000000", number(0.001) },
  routes = { "a list of flash.routes", are_routes },
  mode = { '"application" or "download"', is_mode },
}

local function is(value, kind)
  if kinds[kind] then return kinds[kind][2](value) end
  return type(value) == kind
end

-- The first wrong value among known fields, in words.
local function fault(known, fields)
  for name, value in pairs(fields) do
    local kind = known[name]
    if kind and not is(value, kind) then
      return ("%s must be %s"):format(name, kinds[kind] and kinds[kind][1] or "a " .. kind)
    end
  end
end

--- The first error in a list of steps, in words: an entry that is no step, or a wrong value in a field that all steps
-- share.
function step.fault(list)
  for index = 1, tables.maxn(list) do
    local made = list[index]
    if type(made) ~= "table" or type(made.name) ~= "string" or type(made.run) ~= "function" then
      return ("step %d is no step: it needs a name and a run function"):format(index)
    end
    local wrong = fault(step.shared, made)
    if wrong then return ("step %q: %s"):format(made.name, wrong) end
  end
end

local function check(kind, fields)
  local own = kind.fields or {}
  for name in pairs(fields) do
    if not step.shared[name] and not own[name] then
      error(("step %q has no field %q"):format(kind.name, tostring(name)), 3)
    end
  end
  local wrong = fault(step.shared, fields) or fault(own, fields)
  if wrong then error(("step %q: %s"):format(kind.name, wrong), 3) end
end

--- Makes the constructor of a kind of step for scripts. The kind has a name (in words), changes (whether it changes the
-- modem), seconds (its duration, for plans), fields (its own: name to type), goal (its mode is the one it ends in, not
-- the one it starts from), leads_to (the mode it ends in), run = function(job, step), foresee (the same for plans:
-- seconds and words); and the values of fields that a script leaves out.
function step.define(kind)
  kind.__index = kind
  return function(fields)
    local made = tables.merge(fields) -- a script may use one table for several
    check(kind, made)
    return setmetatable(made, kind)
  end
end

--- A copy of a step with some of its fields changed. Raises an error for a field that the step does not have.
function step.with(original, fields)
  check({ name = original.name, fields = original.fields or action_fields }, fields)
  return setmetatable(tables.merge(original, fields), getmetatable(original))
end

--- A step of a script's own: `step.action { name = "say hello", run = function(job) ... end }`.
-- @tparam table fields the shared fields; name and run are required; changes = false: the step changes nothing, so a
-- plan runs it
function step.action(fields)
  fields = fields or {}
  check({ name = fields.name or "action", fields = action_fields }, fields)
  if not fields.name or not fields.run then error("an action needs a name and a run function", 2) end
  if fields.changes == nil then fields.changes = true end
  return fields
end

return step
