-- An MC7354 whose QMI port is not there (no driver, or somebody else's): asked, led into download mode
-- and confirmed by AT commands alone.
--
--     moonflash run examples/at-only-mc7354.lua FILE...

local flash = require "moonflash"
local step, route = flash.steps, flash.routes

-- What flash.try does not like ends the step, which then may be tried again.
local function preference(job)
  local session = flash.try(job:at())
  return flash.try(session:ask "preference")
end

-- What "stop if current" looks at, for a second run to have nothing to do.
local function look(job)
  local seen = preference(job)
  job.state = { running = seen.current, preferred = seen.preferred }
  job.before = seen.current
  return true, flash.versions.text(job.before)
end

local function confirm(job)
  job.after = preference(job).current
  if flash.versions.agree(job.set, job.after) then return true, flash.versions.text(job.after) end
  return nil, flash.failure.new("job.not_confirmed", "the modem runs " .. flash.versions.text(job.after))
end

local mc7354 = flash.script "mc7354"
return flash.model {
  name = mc7354.name, family = mc7354.family, product = mc7354.product, usb = mc7354.usb,
  preference_command = mc7354.preference_command,

  step.action         { name = "look", mode = "application", changes = false, retry = 3, pause = 5,
                        run = look },
  step.stop_if_current { mode = "application" },
  step.enter_download { mode = "application", routes = { route.impref, route.boothold } },
  step.send_images    { mode = "download", retry = 2, again = 1 },
  step.leave_download { mode = "download" },
  step.wait           { mode = "application" },
  step.action         { name = "confirm", mode = "application", changes = false, retry = 24, pause = 5,
                        run = confirm },
}
