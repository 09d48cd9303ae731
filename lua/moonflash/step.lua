--- What a step is. A kind of step (its words, its own fields, its work) turns into
-- a constructor that a script calls with a table; the fields all steps share mean the same
-- everywhere because the engine, not the step, acts on them.
-- @module moonflash.step

local step = {}

--- Fields every step may have.
-- mode: run only while the modem is in this mode; within: seconds it may take; retry: how often a
-- failure is tried again; pause: seconds between tries; again: how many more passes over all steps
-- it may ask for; undo: words for what is put back when a later step fails; name: its words;
-- run: a function(job, step) instead of the kind's.
step.shared = {
  name = "string", mode = "string", within = "number", retry = "number", pause = "number",
  again = "number", undo = "string", run = "function",
}

local modes = { application = true, download = true }

local action_fields = { changes = "boolean", seconds = "number" }

local function check(kind, fields)
  for name, value in pairs(fields) do
    local wanted = step.shared[name] or (kind.fields or {})[name]
    if not wanted then
      error(("step %q has no field %q"):format(kind.name, tostring(name)), 3)
    end
    if type(value) ~= wanted then
      error(("step %q: %s must be a %s"):format(kind.name, name, wanted), 3)
    end
  end
  if fields.mode and not modes[fields.mode] then
    error(("step %q: no such mode: %s"):format(kind.name, fields.mode), 3)
  end
end

--- Makes the constructor of a kind of step.
-- @tparam table kind name (its words), changes (whether it changes the modem), seconds (what it takes,
-- for plans), fields (its own, name to type), goal (its mode is what it ends in, not what it starts
-- from), leads_to (the mode it leads into), run = function(job, step); and what fields are that a script
-- leaves out
-- @treturn function the constructor for scripts
function step.define(kind)
  kind.__index = kind
  return function(fields)
    fields = fields or {}
    check(kind, fields)
    return setmetatable(fields, kind)
  end
end

--- A copy of a step with some of its fields changed.
-- @tparam table original a step
-- @tparam table fields as for its constructor
-- @treturn table the step
-- @raise for a field that the step does not have
function step.with(original, fields)
  check({ name = original.name, fields = original.fields or action_fields }, fields)
  local made = {}
  for name, value in pairs(original) do made[name] = value end
  for name, value in pairs(fields) do made[name] = value end
  return setmetatable(made, getmetatable(original))
end

--- A step of one's own: `step.action { name = "say hello", run = function(job) ... end }`.
-- @tparam table fields the shared fields; name and run are needed; changes = false says that it
-- changes nothing, so that a plan may run it
function step.action(fields)
  check({ name = fields.name or "action", fields = action_fields }, fields)
  if not fields.name or not fields.run then error("an action needs a name and a run function", 2) end
  if fields.changes == nil then fields.changes = true end
  return fields
end

return step
