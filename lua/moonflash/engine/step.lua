--- What a step is. A kind of step (its words, its own fields, its work) turns into
-- a constructor that a script calls with a table; the fields all steps share mean the same
-- everywhere because the engine, not the step, acts on them.
-- @module moonflash.engine.step

local tables = require "moonflash.base.table"

local step = {}

--- Fields every step may have.
-- mode: run only while the modem is in this mode; within: seconds of each wait for the modem;
-- retry: how often a failure is tried again; pause: seconds between tries; again: how many more
-- passes over all steps it may ask for; undo: words for what is put back when a later step fails;
-- name: its words; run: a function(job, step) instead of the kind's.
step.shared = {
  name = "string", mode = "string", within = "seconds", retry = "count", pause = "pause",
  again = "count", undo = "string", run = "function",
}

local modes = { application = true, download = true }

local action_fields = { changes = "boolean", seconds = "pause" }

-- More seconds than these are, in ms, no number for C.
local MOST = 1000000

local function number(least, whole)
  return function(value)
    return type(value) == "number" and value >= least and value <= MOST and (not whole or value % 1 == 0)
  end
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
}

local function is(value, kind)
  if kinds[kind] then return kinds[kind][2](value) end
  return type(value) == kind
end

-- What is wrong with fields that are known, in words.
local function fault(known, fields)
  for name, kind in pairs(known) do
    local value = rawget(fields, name)
    if value ~= nil and not is(value, kind) then
      return ("%s must be %s"):format(name, kinds[kind] and kinds[kind][1] or "a " .. kind)
    end
  end
  if fields.mode and not modes[fields.mode] then
    return ('no such mode: %s; there are "application" and "download"'):format(fields.mode)
  end
end

--- What is wrong with a list of steps, whoever made it: what is no step, or has in a field that all share
-- what cannot be.
-- @tparam table list
-- @treturn ?string words
function step.fault(list)
  for index = 1, table.maxn(list) do
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

--- Makes the constructor of a kind of step.
-- @tparam table kind name (its words), changes (whether it changes the modem), seconds (what it takes,
-- for plans), fields (its own, name to type or kind, as above), goal (its mode is what it ends in, not what
-- it starts from), leads_to (the mode it leads into), run = function(job, step); and what fields are that a
-- script leaves out
-- @treturn function the constructor for scripts
function step.define(kind)
  kind.__index = kind
  return function(fields)
    local made = tables.merge(fields) -- a script may use one table for several
    check(kind, made)
    return setmetatable(made, kind)
  end
end

--- A copy of a step with some of its fields changed.
-- @tparam table original a step
-- @tparam table fields as for its constructor
-- @treturn table the step
-- @raise for a field that the step does not have
function step.with(original, fields)
  check({ name = original.name, fields = original.fields or action_fields }, fields)
  return setmetatable(tables.merge(original, fields), getmetatable(original))
end

--- A step of one's own: `step.action { name = "say hello", run = function(job) ... end }`.
-- @tparam table fields the shared fields; name and run are needed; changes = false says that it
-- changes nothing, so that a plan may run it
function step.action(fields)
  fields = fields or {}
  check({ name = fields.name or "action", fields = action_fields }, fields)
  if not fields.name or not fields.run then error("an action needs a name and a run function", 2) end
  if fields.changes == nil then fields.changes = true end
  return fields
end

return step
