--- The modems of this machine, and one of them to work with in straight-line code.
--
--     local job = flash.try(flash.open { selection = { place = "1-1" } })
--     print(flash.try(job:request(flash.dms.get_revision)).revision)
--     job:finalize()
--
-- @module moonflash.commands.devices

local context = require "moonflash.base.run"
local device = require "moonflash.device"
local files = require "moonflash.engine.model_files"

local modems = {}

-- Loaded when first needed: it brings the whole engine, and to list modems takes less.
local function update()
  return require "moonflash.commands.update"
end

--- The modems that are plugged.
-- @tparam[opt] table given root
-- @treturn table array of devices (see moonflash.device)
function modems.list(given)
  local request, trace = context.fill(given, 2), context.trace()
  local models = files.all(request.emit)
  local found = device.list(request.root, models)
  -- a script may open its ports without a job
  if trace and #found == 1 and not trace.device then trace:found(found[1], models) end
  return found
end

--- The one modem a request means, whatever its mode.
-- @tparam table request root, selection, emit
-- @treturn table the device, or nil and a failure: device.none or device.ambiguous
-- @treturn table the models there are scripts for
function modems.choose(request)
  local models = files.all(request.emit)
  local found, none = device.select(device.list(request.root, models), request.selection)
  if not found then return nil, none end
  return found, models
end

--- The one modem a request means, in a job.
-- @tparam table request of update.request
-- @treturn table the job, or nil and a failure as of choose
function modems.find(request)
  local found, models = modems.choose(request)
  if not found then return nil, models end
  return update().job(request, { models = models, device = found })
end

--- Finds one modem and keeps all other jobs away from it until `job:finalize()`, which a script may
-- leave to the end of its run.
-- @tparam[opt] table given root, selection, options, emit; within a script what the command line said
-- @treturn table a job (see moonflash.engine.job), or nil and a failure: device.none, device.ambiguous,
-- device.busy
function modems.open(given)
  local work, problem = modems.find(update().request(given))
  if not work then return nil, problem end
  local held
  held, problem = work:lock()
  if not held then return nil, problem end
  work.changing = true
  local opened = context.current().opened
  if opened then opened[#opened + 1] = work end
  return work
end

return modems
