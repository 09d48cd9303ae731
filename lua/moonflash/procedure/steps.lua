--- The steps scripts are made of: `local step = flash.steps`, then `step.send_images { ... }`.
-- Here stands what each is called and takes; its work is loaded when it runs, for a script is also
-- loaded by who only lists modems.
-- @module moonflash.procedure.steps

local later = require "moonflash.base.later"
local step = require "moonflash.engine.step"

local steps = { action = step.action }

-- Those of other procedures than an update: moonflash.procedure.restart_steps.
local further = later "moonflash.procedure.restart_steps"
setmetatable(steps, { __index = function(_, name) return further[name] end })

--- Asks what the modem runs, prefers and stores: job.state, and job.before for the result.
steps.read_versions = step.define {
  name = "read versions", changes = false, seconds = 1, retry = 2, pause = 5,
  run = later("moonflash.procedure.preference", "read_versions"),
}

--- Ends the run when the modem runs and prefers what the images bring, and is online; not with --force.
steps.stop_if_current = step.define {
  name = "stop if current", changes = false, seconds = 0,
  run = later("moonflash.procedure.preference", "stop_if_current"),
}

--- Tells the modem to prefer what the images bring. `undo`: words for putting back what it preferred.
steps.set_preference = step.define {
  name = "set preference", changes = true, seconds = 1, retry = 3, pause = 5, undo = "restore the preference",
  run = later("moonflash.procedure.preference", "set_preference"),
}

--- Leads the modem into download mode, its port open and greeted. `routes`: the ways (flash.routes), tried in
-- this order, all but impref if none are named; `attempts`: how many rounds over them; `within`: seconds for
-- one of them; `pause`: seconds between rounds. A modem that stores the images already is only restarted.
steps.enter_download = step.define {
  name = "enter download mode", changes = true, seconds = 45, leads_to = "download",
  fields = { routes = "routes", attempts = "several" },
  within = 120, attempts = 3, pause = 5,
  run = later("moonflash.procedure.enter_download", "enter_download"),
}

--- Waits until the modem is in `mode`, for `within` seconds.
steps.wait = step.define {
  name = "wait for the modem", changes = false, seconds = 60, goal = true,
  mode = "application", within = 240,
  run = later("moonflash.procedure.enter_download", "wait"),
}

--- Sends what the modem asks for of the images. `final_ack`: seconds for the last answer of each;
-- `per_boot`: how many images the modem takes until it must restart; `within`: seconds of such a restart.
steps.send_images = step.define {
  name = "send images", changes = true, seconds = 90,
  fields = { final_ack = "seconds", per_boot = "several" },
  mode = "download", final_ack = 180, per_boot = math.huge, within = 240, retry = 2, again = 1,
  run = later("moonflash.procedure.send_images", "send_images"),
}

--- Lets the loader restart the modem.
steps.leave_download = step.define {
  name = "leave download mode", changes = true, seconds = 5, leads_to = "application",
  mode = "download",
  run = later("moonflash.procedure.send_images", "leave_download"),
}

--- Asks the modem until it runs and prefers what the images bring. `confirmations`: how often in a row it may say
-- otherwise before that counts (3). What another pass over the steps may mend, `again` allows.
steps.confirm = step.define {
  name = "confirm", changes = false, seconds = 10,
  fields = { confirmations = "several" },
  mode = "application", confirmations = 3, retry = 24, pause = 5, again = 1,
  run = later("moonflash.procedure.confirm", "confirm"),
}

return steps
