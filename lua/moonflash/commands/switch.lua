-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Commands without images: switch to a stored pair, recover. Their steps are the same for all models.

local failure = require "moonflash.base.failure"
local jobs = require "moonflash.commands.job"
local limits = require "moonflash.base.limits"
local results = require "moonflash.commands.result"
local steps = require "moonflash.procedure.steps"
local update = require "moonflash.commands.update"

local switch = {}

--- Reads the versions of a modem that may still start.
switch.read_again = steps.read_versions { retry = 36, pause = 5, most = 175, after_restart = limits.answer }

local switch_steps = {
  steps.read_versions { mode = "application", retry = 3, pause = 5 },
  steps.choose_stored {},
  steps.stop_if_current {},
  steps.prefer_stored { retry = 3, pause = 5, undo = "restore the preference" },
  steps.restart { retry = 3, pause = 5 },
  steps.confirm { again = 0 },
}

local recover_steps = {
  steps.wake { mode = "download", retry = 2 },
  steps.boot {},
  switch.read_again,
  steps.normal_boot { retry = 2, pause = 5 },
  steps.stop_if_well {},
  steps.prefer_stored { retry = 3, pause = 5 },
  steps.restart { retry = 3, pause = 5 },
  steps.confirm { again = 0 },
}

-- Runs steps on the one modem that is selected; only in this mode, if one is given.
local function run(request, list, mode)
  local job, problem = jobs.find(request)
  if not job then return results.bad(problem) end
  if job.device.other and job.device.other.final then
    problem = jobs.other_modem(job.device)
  elseif job.device.mode == "boot-rom" then
    problem = failure.new("modem.boot_rom", "the modem has lost its loader: only its boot ROM answers")
  elseif mode and job.device.mode ~= mode then
    problem = failure.new("job.wrong_mode", "only a running modem can switch its images",
      { hint = "run `moonflash recover` first, with the files if an update was cut off" })
  end
  if problem then return results.of(job, problem) end
  job.wanted_pair = request.pair
  return update.run(job, list)
end

--- Uses the image pair request.pair that the modem stores. Exit status 2: the modem runs the pair already.
function switch.switch(request)
  return run(request, switch_steps, "application")
end

--- Brings a modem back from any state: with files, to the firmware in them; without, to a pair that it stores.
function switch.recover(request)
  local result = request.files[1] and update.update(request, nil, true) or run(request, recover_steps)
  -- a modem that needs nothing is what recover is for
  if result.ok then result.exit = results.DONE end
  return result
end

return switch
