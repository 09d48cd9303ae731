--- What the command line said, while a script of somebody's own runs: whatever the script starts and
-- leaves open is as it was said there. Outside of a script there are only the plain defaults.
-- @module moonflash.context

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
-- @treturn table root, selection, options, emit; opened = the jobs to close, within a script
function context.current()
  return current
end

local function set(names)
  local all = {}
  for name in names:gmatch "%S+" do all[name] = true end
  return all
end

-- What a request and its options may say. A word that is written wrong would be taken for not said.
local requests = set "files arguments path pair root selection options emit opened"
local options = set [[force storage_index carrier config_version firmware_version route chunk_size
  timeout_scale model all keep_services bind_driver skip mbim proxy cdc_wdm tty trace]]

local function check(given, known, what)
  for name in pairs(given or {}) do
    if not known[name] then error(("%s has no field %s"):format(what, tostring(name)), 0) end
  end
end

local function merged(below, above)
  local all = {}
  for name, value in pairs(below) do all[name] = value end
  for name, value in pairs(above or {}) do all[name] = value end
  return all
end

--- Fills in what a request leaves open. Options are filled one by one, a selection is one thing.
-- @tparam[opt] table given any of files, root, selection, options, emit, arguments, path, pair
-- @treturn table a whole request
-- @raise for a field or an option that there is not
function context.fill(given)
  given = given or {}
  check(given, requests, "a request")
  check(given.options, options, "options")
  return {
    root = given.root or current.root, selection = given.selection or current.selection,
    options = merged(current.options, given.options), emit = given.emit or current.emit,
    files = given.files or {}, arguments = given.arguments or {}, path = given.path,
  }
end

return context
