-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Updates an MC7354 by AT commands alone, for a machine without a QMI driver.
--
--     moonflash run examples/at-only-mc7354.lua FILE...

local flash = require "moonflash"
local step, route = flash.steps, flash.routes

-- A failure in flash.try ends the step, which may then be tried again.
local function preference(job)
  local session = flash.try(job:at())
  return flash.try(session:ask "preference")
end

-- "stop if current" needs job.state.
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
