--- The ways from application mode into download mode. A route is a table:
--
--     name      as given to --route
--     lacks     function(job): why it cannot be tried, or nil
--     run       function(job): sends its commands; true when the modem took them, or nil and a failure
--     switch    function(job): the same for a pair the modem stores, when a reset is not enough
--
-- Here stands what each is called and lacks; its work (routes/) is loaded when it runs. That the modem really
-- gets there is for `enter_download` to see. Losing it while it answers is no failure: it went away as it was
-- asked to. A failure with the field `stays` came before the command that makes it go, so nobody need wait
-- for it to leave.
-- Sources: libqmi's updater; Bjørn Mork's scripts; Sierra's SDK samples.
-- @module moonflash.procedure.routes

local failure = require "moonflash.base.failure"
local later = require "moonflash.base.later"

local routes = {}

--- A restart of the application: for switching between stored images and for putting things back.
routes.power_cycle = later("moonflash.procedure.routes_by_qmi", "power_cycle")

--- The preference was set: a reset is enough. The normal way (reference: procedures, a).
routes.preference = {
  name = "preference",
  lacks = function(job) return not job.preference_set and "no preference was set" or nil end,
  run = routes.power_cycle,
}

--- Set Firmware ID, 0x003e: the modem restarts into download mode by itself (procedures, b).
routes.firmware_id = { name = "firmware-id", run = later("moonflash.procedure.routes_by_qmi", "firmware_id") }

--- Set Boot Image Download Mode, then a reset (procedures, c).
routes.boot_download = { name = "boot-download", run = later("moonflash.procedure.routes_by_qmi", "boot_download") }

local function no_at_port(job)
  return not job.device.nodes.at and "the modem has no AT port" or nil
end

--- AT!BOOTHOLD (procedures, d).
routes.boothold = { name = "boothold", lacks = no_at_port, run = later("moonflash.procedure.routes_by_at", "boothold") }

local prefer_images = later("moonflash.procedure.routes_by_at", "prefer_images")

--- AT!IMPREF, in older firmware AT!GOBIIMPREF, and AT!RESET (procedures, e): the new pair becomes what
-- the modem wants, so it waits for it, or switches to it if it stores it.
routes.impref = {
  name = "impref",
  lacks = function(job)
    return no_at_port(job)
      or not (job.model and job.model.preference_command) and "the model says no preference_command" or nil
  end,
  run = prefer_images, switch = prefer_images,
}

local names = {}
for _, route in pairs(routes) do
  if type(route) == "table" then names[#names + 1] = route.name end
end
table.sort(names)

--- The names that --route takes, sorted.
routes.names = names

--- The route of a name, as given to --route.
-- @treturn ?table
function routes.named(name)
  for _, route in pairs(routes) do
    if type(route) == "table" and route.name == name then return route end
  end
end

--- The route that the option `route` forces.
-- @tparam table options
-- @treturn ?table the route; nil when none is forced, or nil and failure usage
function routes.forced(options)
  local route = options.route and routes.named(options.route)
  if route or not options.route then return route or nil end
  return nil, failure.new("usage", "there is no route " .. options.route,
    { hint = "the routes are " .. table.concat(names, ", ") })
end

return setmetatable(routes, { __index = function(_, name)
  error("there is no route " .. tostring(name), 2)
end })
