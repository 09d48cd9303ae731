--- Runs a script of somebody's own: a model script (a table of steps), a function, or plain Lua.
-- @module moonflash.commands.script

local context = require "moonflash.base.run"
local failure = require "moonflash.base.failure"
local files = require "moonflash.engine.model_files"
local foreign = require "moonflash.engine.user_code"
local interrupt = require "moonflash.base.interrupt"
local model = require "moonflash.engine.model"
local modems = require "moonflash.commands.devices"
local phase = require "moonflash.engine.phase"
local returned = require "moonflash.engine.returned"
local step = require "moonflash.engine.step"
local sys = require "moonflash.core.sys"
local update = require "moonflash.commands.update"

local script = {}

-- A script that returns a function is called with a job: one modem, found and locked. One that waits for an
-- image was not brought there by it.
local function run_function(request, work)
  local one, problem = modems.find(request)
  if not one then return update.result(nil, problem) end
  request.opened[#request.opened + 1] = one
  return update.run(one, { step.action { name = "run " .. request.path, run = function(job)
    job.phase = "untouched"
    local ran, value, detail = foreign.call(work, job, unpack(request.arguments))
    if not ran then return nil, value end
    local refused = returned.failure(foreign.place(work), value, detail) or job:check_interrupt()
    if refused then return nil, refused end
    return true
  end } })
end

-- Closes what a script opened and left open; after a failure what can be put back is. Returns the failure,
-- or what failed of what was deferred.
local function close_opened(request, problem)
  for index = #request.opened, 1, -1 do
    local job = request.opened[index]
    if problem then
      job.failure = problem
      job:put_back()
    end
    job:finalize()
    problem = problem or job.unfinished
  end
  return problem
end

-- A script that was given files, returned nothing and asked nobody for anything, but makes a model.
local function lost_model(request, path, value)
  if value ~= nil or request.asked or not request.arguments[1] then return nil end
  if not files.makes_model(path) then return nil end
  return failure.new("script.invalid", path .. " makes a model and does not return it",
    { hint = "let it return flash.model { ... }" })
end

local function run_file(request, path)
  local value, detail = files.load(path, unpack(request.arguments))
  local problem, is_result = returned.failure(path, value, detail), returned.is_result(value)
  problem = problem or not is_result and (interrupt.pending() or lost_model(request, path, value)) or nil
  problem = close_opened(request, problem)
  if is_result and not (value.ok and problem) then
    value.failure = problem
    return value
  end
  if problem then return update.result(phase.worst(request), problem) end
  if model.is(value) then
    request.files = request.arguments
    return update.update(request, value)
  end
  if type(value) == "function" then return run_function(request, value) end
  return update.result()
end

-- A file by its path; else a script of this name among those of /etc and the bundled.
local function find(name)
  local seen = sys.stat(sys.real_path(name) or name)
  if not (seen and seen.kind == "file") then return files.find(name) end
  return name:find "/" and name or "./" .. name
end

--- The model that a script declares.
-- @tparam string name a file, or a name as for run
-- @treturn table the model; nil when the script is none of a model; or nil and a failure
function script.model(name)
  local path, missing = find(name)
  if not path then return nil, missing end
  local parsed, wrong = files.parse(path)
  if not parsed then return nil, wrong end
  if not files.is_script(path) then return nil end
  return files.script(path)
end

--- Runs the script request.path, a file or the name of one in /etc/moonflash/scripts or among the
-- bundled. What it returns decides how:
-- a model (flash.model { ... }) is run like `update` with the arguments as files;
-- a function is called with a job and the arguments; a result (of flash.update and its kind) is the
-- script's own; anything else means that the script has done its work while it was loaded (its
-- arguments are its `...`).
-- @tparam table request path, arguments, root, selection, options, emit
-- @treturn table the result
function script.run(request)
  request = update.request(request)
  request.opened, request.failed, request.loose = {}, {}, {}
  local path, missing = find(request.path)
  if not path then return update.result(nil, missing) end
  return context.within(request, run_file, request, path)
end

return script
