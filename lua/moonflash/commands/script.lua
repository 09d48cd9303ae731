--- Runs a script of somebody's own: a model script (a table of steps), a function, or plain Lua.
-- @module moonflash.commands.script

local context = require "moonflash.base.run"
local failure = require "moonflash.base.failure"
local files = require "moonflash.engine.model_files"
local interrupt = require "moonflash.base.interrupt"
local model = require "moonflash.engine.model"
local modems = require "moonflash.commands.devices"
local phase = require "moonflash.engine.phase"
local step = require "moonflash.engine.step"
local update = require "moonflash.commands.update"
local user_code = require "moonflash.engine.user_code"

local script = {}

-- A script that returns a function is called with a job: one modem, found and locked. One that waits for an
-- image was not brought there by it.
local function run_function(request, work)
  local one, problem = modems.find(request)
  if not one then return update.result(nil, problem) end
  request.opened[#request.opened + 1] = one
  return update.run(one, { step.action { name = "run " .. request.path, run = function(job)
    job.phase = "untouched"
    local ran, value, detail = user_code.call(work, job, unpack(request.arguments))
    if not ran then return nil, value end
    local refused = user_code.failure(user_code.place(work), value, detail) or job:check_interrupt()
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
      job:rollback()
    end
    job:finalize()
    problem = problem or job.cleanup_failure
  end
  return problem
end

-- A table that a file returns is a model or a result: nothing else would be done with it.
local function check_table(path, value)
  if type(value) ~= "table" or value.ok ~= nil or model.is(value) then return nil end
  return failure.new("script.invalid", path .. " returned a table that is neither a model nor a result",
    { hint = "return flash.model { ... }" })
end

local function run_file(request, path)
  local value, detail = files.load(path, unpack(request.arguments))
  local problem, is_result = user_code.failure(path, value, detail), user_code.is_result(value)
  problem = problem or check_table(path, value)
  problem = problem or not is_result and interrupt.pending() or nil
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
  local path, missing = files.find(request.path)
  if not path then return update.result(nil, missing) end
  return context.within(request, run_file, request, path)
end

return script
