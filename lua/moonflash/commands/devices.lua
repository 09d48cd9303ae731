--- The modems of this machine.
-- @module moonflash.commands.devices

local checks = require "moonflash.base.request_checks"
local device = require "moonflash.device"
local files = require "moonflash.engine.model_files"
local run = require "moonflash.base.run"

local devices = {}

--- The modems that are plugged in. Loads no engine: to list modems takes little memory.
-- @tparam[opt] table given root, emit
-- @treturn table array of devices (see moonflash.device)
function devices.list(given)
  given = given or {}
  checks.request(given, 2)
  local current, trace = run.current(), run.trace()
  local models = files.all(given.emit and run.safe_emit(given.emit) or current.emit)
  local found = device.list(given.root or current.root, models)
  -- a script may open the ports of the modem without a job
  if trace and #found == 1 and not trace.device then trace:found(found[1], models) end
  return found
end

return devices
