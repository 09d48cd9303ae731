--- The steps of `switch` and `recover`, which flash.steps hands out with the others.
-- @module moonflash.procedure.restart_steps

local later = require "moonflash.base.later"
local step = require "moonflash.engine.step"

local steps = {}

--- Finds the stored pair that job.wanted_pair names.
steps.choose_stored = step.define {
  name = "choose stored images", changes = false,
  run = later("moonflash.procedure.restart", "choose_stored"),
}

--- Prefers the chosen pair, exactly as the modem stores it.
steps.prefer_stored = step.define {
  name = "prefer stored images", changes = true,
  run = later("moonflash.procedure.restart", "prefer_stored"),
}

--- Restarts a modem in application mode; what it prefers is what it then runs.
steps.restart = step.define {
  name = "restart", changes = true, seconds = 70,
  mode = "application", within = 240,
  run = later("moonflash.procedure.restart", "restart"),
}

--- Leads a modem out of download mode without an image, as it goes by itself when its window ends.
steps.wake = step.define {
  name = "leave download mode", changes = true, seconds = 10, leads_to = "application",
  mode = "download",
  run = later("moonflash.procedure.restart", "wake"),
}

--- Lets the next restart be a normal one, should a run that was killed have left the modem otherwise.
steps.normal_boot = step.define {
  name = "leave boot image download mode", changes = true, seconds = 1,
  mode = "application",
  run = later("moonflash.procedure.restart", "normal_boot"),
}

--- Ends a recovery when the modem is well; else chooses the pair that brings it back.
steps.stop_if_well = step.define {
  name = "see what is wrong", changes = false,
  mode = "application",
  run = later("moonflash.procedure.restart", "stop_if_well"),
}

return steps
