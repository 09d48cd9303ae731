--- What the command line said, while a script of somebody's own runs: whatever the script starts and
-- leaves open is as it was said there. Outside of a script there are only the plain defaults.
-- @module moonflash.context

local later = require "moonflash.later"

local blame = later "moonflash.foreign.blame"
local foreign = later "moonflash.foreign"

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

-- What a request and its options may say. A word that is written wrong would be taken for not said, a value
-- that cannot be would be noticed when the modem is already in download mode.
local requests = {
  string = "path pair root", table = "files arguments selection options opened", ["function"] = "emit",
}
local options = {
  boolean = "force all keep_services bind_driver mbim proxy", table = "skip trace",
  number = "storage_index chunk_size timeout_scale",
  string = "carrier config_version firmware_version route model cdc_wdm tty",
}
local most = { storage_index = 255, chunk_size = 67108864 } -- both are whole numbers from 1 on

-- What a field must be; nil and the names of all that there are.
local function kind_of(name, known)
  local all = {}
  for kind, names in pairs(known) do
    for word in names:gmatch "%S+" do
      if word == name then return kind end
      all[#all + 1] = word
    end
  end
  table.sort(all)
  return nil, table.concat(all, " ")
end

local function check(given, known, what)
  for name, value in pairs(given or {}) do
    local kind, names = kind_of(name, known)
    if not kind then blame.caller(("%s has no field %s; it has: %s"):format(what, tostring(name), names)) end
    if type(value) ~= kind then blame.caller(("%s: %s must be a %s"):format(what, name, kind)) end
    local number = most[name]
    if number and not (value >= 1 and value <= number and value % 1 == 0) then
      blame.caller(("%s: %s must be a whole number from 1 to %.0f"):format(what, name, number))
    end
  end
end

local function merged(below, above)
  local all = {}
  for name, value in pairs(below) do all[name] = value end
  for name, value in pairs(above or {}) do all[name] = value end
  return all
end

-- What only shows how a job goes must not end it half way: a function that raises is not called again.
local function harmless(emit)
  local broken
  return function(event)
    if broken then return end
    local ran, problem = foreign.call(nil, emit, event)
    if ran then return end
    broken = true
    current.emit { event = "warning", code = problem.code, message = tostring(problem) }
  end
end

--- Fills in what a request leaves open. Options are filled one by one, a selection is one thing.
-- @tparam[opt] table given any of files, root, selection, options, emit, arguments, path, pair
-- @treturn table a whole request
-- @raise for a field or an option that there is not
function context.fill(given)
  given = given or {}
  if type(given) ~= "table" then blame.caller "a request must be a table" end
  check(given, requests, "a request")
  check(given.options, options, "options")
  local scale = (given.options or {}).timeout_scale
  if scale and not (scale > 0 and scale <= 1e6) then
    blame.caller "options: timeout_scale must be above 0"
  end
  return {
    root = given.root or current.root, selection = given.selection or current.selection,
    options = merged(current.options, given.options),
    emit = given.emit and harmless(given.emit) or current.emit,
    files = given.files or {}, arguments = given.arguments or {}, path = given.path,
  }
end

return context
