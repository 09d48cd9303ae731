--- The ways from application mode into download mode. A route sends its commands and returns true
-- when the modem took them; that it really gets there is for `enter_download` to see. Losing the
-- modem while it answers is no failure: it went away as it was asked to.
-- Sources: libqmi's updater; Bjørn Mork's scripts; Sierra's SDK samples.
-- @module moonflash.routes

local dms = require "moonflash.qmi.dms"
local failure = require "moonflash.failure"

local routes = {}

local function gone(problem)
  return problem.code == "qmi.closed" or problem.code == "qmi.timeout"
end

-- Sends a request that may make the modem vanish before it answers.
local function send(job, message, fields)
  local answer, problem = job:request(message, fields)
  if answer or gone(problem) then return true end
  return nil, problem
end

-- Offline first, as libqmi does; a modem that is so already has no objection to the reset.
local function power_cycle(job)
  local offline, problem = job:request(dms.set_operating_mode, { mode = "offline" })
  if not offline and problem.error_name ~= "NoEffect" then return nil, problem end
  return send(job, dms.set_operating_mode, { mode = "reset" })
end

--- The preference was set: a reset is enough. The normal way (reference: procedures, a).
routes.preference = {
  name = "preference",
  run = function(job)
    if not job.preference_set then
      return nil, failure.new("job.not_entered", "no preference was set", { final = true })
    end
    return power_cycle(job)
  end,
}

--- Set Firmware ID, 0x003e: the modem restarts into download mode by itself (procedures, b).
routes.firmware_id = {
  name = "firmware-id",
  run = function(job) return send(job, dms.set_firmware_id) end,
}

--- Set Boot Image Download Mode, then a reset (procedures, c).
routes.boot_download = {
  name = "boot-download",
  run = function(job)
    local answer, problem = job:request(dms.set_boot_image_download_mode, { mode = "boot_and_recovery" })
    if not answer then return nil, problem end
    job.boot_download_set = true
    return power_cycle(job)
  end,
}

--- The route of a name, as given to --route.
function routes.named(name)
  for _, route in pairs(routes) do
    if type(route) == "table" and route.name == name then return route end
  end
end

--- A restart of the application: for switching between stored images and for putting things back.
routes.power_cycle = power_cycle

return routes
