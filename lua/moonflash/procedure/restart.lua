-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The steps of `switch` and `recover`: they use the images that the modem stores.

local device = require "moonflash.device"
local dms = require "moonflash.protocol.qmi.dms"
local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local reset = require "moonflash.procedure.reset"
local routes = require "moonflash.procedure.routes"
local step = require "moonflash.engine.step"
local stored = require "moonflash.procedure.stored_images"
local versions = require "moonflash.procedure.versions"

local ANY_MODE = { application = true, download = true }
local WITH_FILES = "moonflash recover FIRMWARE.cwe SETTINGS.nvu"

-- `confirm` compares the modem with job.set.
local function choose(job, pair)
  job.set = { firmware = pair.firmware, carrier = pair.carrier, config = pair.config, images = {} }
  job.pair = pair
end

-- A modem that comes back in download mode and stays there has no complete images.
local function boot(job, self)
  if job.device.mode == "application" then return engine.SKIP, "it is there" end
  job.emit { event = "say", message = "a modem whose images are not complete stays in download mode and needs its "
    .. "files: " .. WITH_FILES }
  local found, problem = job:wait_for_device(ANY_MODE, job:ms(self.within))
  if found and found.mode == "download" then
    found, problem = job:wait_for_device({ application = true }, job:ms(self.within), false, job:ms(self.stays))
  end
  if found then return true, "back at " .. found.place end
  if job:interrupted() or job.device.mode ~= "download" or not device.is_there(job.device) then return nil, problem end
  return nil, failure.new("stored.none", "the modem stays in download mode: it has no complete images", {
    cause = problem, final = true, hint = "give its files: " .. WITH_FILES })
end

local function choose_stored(job)
  local pair, problem = stored.find(job.state, job.wanted_pair)
  if not pair then return nil, problem end
  choose(job, pair)
  return true, versions.text(pair)
end

-- A failure after the accepted reset is permanent: the modem had its time.
local function restart(job, self)
  local found, problem = reset.run(job, routes.power_cycle, self.within)
  if found and found.mode == "download" then
    problem = failure.new("job.wrong_mode", "the modem came back in download mode")
  end
  if problem then
    problem.final = job.reset_requested or found ~= nil
    return nil, problem
  end
  job.phase = "booting"
  return true
end

local function normal_boot(job)
  local answer = job:request(dms.get_boot_image_download_mode)
  if not answer or answer.mode ~= "boot_and_recovery" then return engine.SKIP, "it is not set" end
  local done, problem = job:request(dms.set_boot_image_download_mode, { mode = "normal" })
  if not done then return nil, problem end
  return true
end

-- A modem that is online may still prefer images that it neither runs nor stores: its next restart would end in
-- download mode.
local function is_well(state)
  if versions.mismatch(state) or state.mode == "offline" then return false end
  local preferred, list = state.preferred, state.stored
  return not (preferred and list) or versions.agree(preferred, state.running) or stored.has(list, preferred)
end

local function stop_if_well(job)
  local state = job.state
  if is_well(state) then
    job.after = state.running
    if state.mode == "online" then return engine.FINISH, "the modem is online" end
    job:warn("modem.radio_off", "the images are consistent, but the radio is off: " .. tostring(state.mode))
    return engine.FINISH, "no image is the cause"
  end
  local pair, problem = stored.way_back(state)
  if not pair then return nil, problem end
  choose(job, pair)
  versions.warn_of_automatic(job)
  return true, "the modem prefers " .. versions.text(state.preferred)
end

return {
  --- Finds the stored pair that job.wanted_pair names.
  choose_stored = step.define { name = "choose stored images", changes = false, run = choose_stored },

  --- Waits until the modem is in application mode, for `within` seconds; in download mode only for `stays`.
  boot = step.define {
    name = "wait for the modem", changes = false, seconds = 60, mode = "application", goal = true,
    within = 240, stays = limits.disconnect, after_restart = limits.answer,
    run = boot,
  },

  --- Restarts a modem in application mode. Afterwards it runs what it prefers.
  restart = step.define {
    name = "restart", changes = true, seconds = 70, mode = "application", within = 240, most = 290,
    run = restart,
  },

  --- Makes the next restart a normal one: a run that was killed may have left the mode of the route boot-download.
  normal_boot = step.define {
    name = "leave boot image download mode", changes = true, seconds = 1, mode = "application", most = 120,
    run = normal_boot,
  },

  --- Ends a recovery when the modem is well; else chooses the stored pair that makes it well.
  stop_if_well = step.define {
    name = "see what is wrong", changes = false, mode = "application",
    run = stop_if_well,
  },
}
