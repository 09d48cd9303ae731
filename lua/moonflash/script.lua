--- Runs a script of somebody's own: a model script (a table of steps) or plain Lua.
-- @module moonflash.script

local device = require "moonflash.device"
local failure = require "moonflash.failure"
local model = require "moonflash.model"
local step = require "moonflash.step"
local update = require "moonflash.update"

local script = {}

-- A script that returns a function is called with a job: one modem, found and locked.
local function run_function(request, work)
  local models, problem = model.all()
  if not models then return update.result(nil, problem) end
  local found
  found, problem = device.select(device.list(request.root, models), request.selection)
  if not found then return update.result(nil, problem) end
  local one = update.job(request, { models = models, device = found })
  return update.run(one, { step.action { name = "run " .. request.path, run = function(job)
    local outcome, refused = work(job, unpack(request.arguments))
    if outcome == nil and refused then return nil, refused end
    return true
  end } })
end

--- Runs the script request.path. What it returns decides how:
-- a model (flash.model { ... }) is run like `update` with the arguments as files;
-- a function is called with a job and the arguments; anything else means that the script has done
-- its work while it was loaded (its arguments are its `...`).
-- @tparam table request path, arguments, root, selection, options, emit
-- @treturn table the result
function script.run(request)
  request = update.request(request)
  local outcome, problem = model.load(request.path, unpack(request.arguments))
  if problem and failure.is(problem) then return update.result(nil, problem) end
  if model.is(outcome) then
    request.files = request.arguments
    return update.update(request, outcome)
  end
  if type(outcome) == "function" then return run_function(request, outcome) end
  return update.result()
end

return script
