--- Runs a script of somebody's own: a model script (a table of steps), a function, or plain Lua.
-- @module moonflash.script

local context = require "moonflash.context"
local failure = require "moonflash.failure"
local files = require "moonflash.model.files"
local foreign = require "moonflash.foreign"
local model = require "moonflash.model"
local modems = require "moonflash.modems"
local step = require "moonflash.step"
local sys = require "moonflash.core.sys"
local update = require "moonflash.update"

local script = {}

-- A script that returns a function is called with a job: one modem, found and locked.
local function run_function(request, work)
  local one, problem = modems.find(request)
  if not one then return update.result(nil, problem) end
  return update.run(one, { step.action { name = "run " .. request.path, run = function(job)
    local outcome, refused = work(job, unpack(request.arguments))
    if outcome == nil and refused ~= nil then return nil, refused end
    local stopped = job:check_interrupt()
    if stopped then return nil, stopped end
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

local function is_result(value)
  return type(value) == "table" and type(value.ok) == "boolean" and type(value.exit) == "number"
end

-- What a script returned that can only be a mistake.
local function nonsense(outcome)
  if outcome == nil or outcome == true or type(outcome) == "function" or model.is(outcome) then return nil end
  if type(outcome) ~= "table" then return tostring(outcome) end
  local first = outcome[1]
  return type(first) == "table" and first.run and "a list of steps" or nil
end

local function load(request, path)
  local outcome, problem = files.load(path, unpack(request.arguments))
  if outcome == nil then return nil, failure.meant(problem) end
  local mistaken = nonsense(outcome)
  if not mistaken then return outcome end
  return nil, failure.new("script.invalid", ("%s returned %s"):format(path, mistaken),
    { hint = "let it return nothing, nil and what is wrong, a result, a function, or flash.model { ... }" })
end

local function run_file(request, path)
  local before = sys.interrupts()
  local outcome, problem = load(request, path)
  if not problem and not is_result(outcome) then problem = foreign.stopped(before) end
  problem = close_opened(request, problem)
  if problem then return update.result(request.opened[1], problem) end
  if is_result(outcome) then return outcome end
  if model.is(outcome) then
    request.files = request.arguments
    return update.update(request, outcome)
  end
  if type(outcome) == "function" then return run_function(request, outcome) end
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
  request.opened = {}
  local path, missing = find(request.path)
  if not path then return update.result(nil, missing) end
  return context.within(request, run_file, request, path)
end

return script
