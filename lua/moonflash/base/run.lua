--- What the command line said, while a script of somebody's own runs: whatever the script starts and
-- leaves open is as it was said there. Outside of a script there are only the plain defaults.
-- @module moonflash.base.run

local later = require "moonflash.base.later"

local interrupt = require "moonflash.base.interrupt"
local words = later "moonflash.base.request_checks"

local context = {}

local plain = { root = "/", selection = {}, options = {}, emit = function() end }
local current = plain

local function leave(before, ok, ...)
  current = before
  if not ok then error((...), 0) end
  return ...
end

--- Calls a function while a request stands for everything left open.
-- @tparam table request root, selection, options, emit, opened
-- @tparam function work
-- @param ... handed to it
-- @return what it returns; what it raises is raised again
function context.within(request, work, ...)
  local before = current
  current = request
  return leave(before, pcall(work, ...))
end

--- The request that stands for everything left open.
-- @treturn table root, selection, options, emit; at_work = the job whose steps run; within a script also
-- opened = the jobs to close, failed = by place the jobs of the last updates that failed, loose = by port what
-- stands for the jobs of modems that were sent images without one
function context.current()
  return current
end

--- The trace that is being written, for ports that a script opens itself.
-- @treturn ?table
function context.trace()
  return current.options.trace
end

local function merged(below, above)
  local all = {}
  for name, value in pairs(below) do all[name] = value end
  for name, value in pairs(above or {}) do all[name] = value end
  return all
end

--- Wraps an event handler. If it raises, it is disabled, a warning says so, and the job continues. An event handler
-- that an interrupt ends is not disabled.
-- @tparam function emit
-- @treturn function
function context.harmless(emit)
  local broken
  return function(event)
    if broken then return end
    local ran, raised = pcall(emit, event)
    if ran or interrupt.pending() then return end
    broken = true
    current.emit { event = "warning", code = "script.raised", message = tostring(raised) }
  end
end

-- To list modems, of one root or the other, takes less memory.
local function is_plain(given)
  if type(given) ~= "table" or type(given.root or "") ~= "string" then return false end
  return next(given, given.root and "root") == nil
end

--- Fills in what a request leaves open. Options are filled one by one, a selection is one thing.
-- @tparam[opt] table given any of files, root, selection, options, emit, arguments, path, pair
-- @tparam[opt=1] number level of an error in the request, as for `error`; 1 is the caller
-- @treturn table a whole request
-- @raise for a field or an option that there is not
function context.fill(given, level)
  given = given or {}
  if not is_plain(given) then words.request(given, (level or 1) + 1) end
  return {
    root = given.root or current.root, selection = given.selection or current.selection,
    options = merged(current.options, given.options),
    emit = given.emit and context.harmless(given.emit) or current.emit,
    files = given.files or {}, arguments = given.arguments or {}, path = given.path,
  }
end

return context
