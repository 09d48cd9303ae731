-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The steps that read and set what a modem runs and prefers.

local dms = require "moonflash.protocol.qmi.dms"
local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local process = require "moonflash.base.process"
local reset = require "moonflash.procedure.reset"
local routes = require "moonflash.procedure.routes"
local step = require "moonflash.engine.step"
local stored = require "moonflash.procedure.stored_images"
local sys = require "moonflash.core.sys"
local versions = require "moonflash.procedure.versions"

-- A modem that restarts again and again may show its loader for a moment: a recovery with images waits for it.
local function wait_for_loader(job)
  job:close_qmi()
  job:follow()
  return job:wait_for_device({ download = true }, job:ms(limits.loader), true)
end

local function read_versions(job)
  local ends = sys.clock_ms() + job:ms(limits.restless)
  local state, problem
  repeat
    state, problem = versions.read(job)
    if not state and (not job.recovers or problem.final or job:interrupted()) then return nil, problem end
    if not state and wait_for_loader(job) then return engine.SKIP, "the modem waits for an image" end
  until state or sys.clock_ms() >= ends
  if not state then return nil, problem end
  job.state = state
  job.before = job.before or state.running
  job.preference_before = job.preference_before or state.preference
  return true, versions.text(state.running)
end

local function stop_if_current(job)
  if not job.state then return engine.SKIP, "the modem could not be asked" end
  if job.options.force or versions.difference(job.set, job.state) then
    versions.warn_of_automatic(job)
    if job.options.force then return engine.SKIP, "the option force is given" end
    return true
  end
  job.up_to_date = job.phase == "untouched"
  job.after = job.state.running
  return engine.FINISH, "the modem runs " .. versions.text(job.state.running)
end

-- --- the preference -----------------------------------------------------------------------------

-- The preference for a firmware and its carrier settings (reference: QMI, firmware preference list): the modem entry
-- has no unique id, the PRI entry has all fields. Settings that no file brings are spelt as the modem stores them.
local function preference_for(job)
  local set, brings = job.set, {}
  for _, image in ipairs(set.images or {}) do brings[image.kind] = true end
  local list = not (brings.settings or brings.package) and job.state and job.state.stored
  return {
    { type = "modem", unique_id = "?_?", build_id = set.firmware .. "_?" },
    stored.settings(list or {}, set)
      or { type = "pri", unique_id = set.config, build_id = set.firmware .. "_" .. set.carrier },
  }
end

-- Retries for a while: the cause of the job's failure may pass.
local function persist(job, action)
  return process.poll_until(sys.clock_ms() + job:ms(limits.restore), job:ms(limits.retry), action)
end

-- The preference of before. A modem that preferred nothing prefers the pair that it runs, if it stores that pair.
local function earlier_preference(job)
  if versions.of_preference(job.preference_before) then return job.preference_before end
  local pair = stored.way_back { running = job.before, stored = job.state.stored }
  return pair and versions.agree(job.before, pair) and pair.preference
end

-- The undo function. A modem that is not online is reset.
local function restore_preference(job)
  local before = earlier_preference(job)
  if not before then
    return nil, failure.new("job.not_confirmed", "the modem preferred no images before, and does not store the pair "
      .. "that it runs: it keeps the new preference")
  end
  local here, lost = job:relocate()
  if not here then return nil, lost end
  if here.mode ~= "application" then
    return nil, failure.new("job.wrong_mode", "the modem is in download mode")
  end
  local answer, problem = persist(job, function()
    local written, unwritten = job:request(dms.set_firmware_preference, { images = before })
    return written, unwritten, unwritten and unwritten.code ~= "qmi.refused"
  end)
  if not answer then return nil, problem end
  local power = job:request(dms.get_operating_mode)
  if not power or power.mode == "online" then return true end
  return reset.run(job, function()
    return persist(job, function()
      local done, failed = routes.power_cycle(job)
      return done, failed, true
    end)
  end)
end

-- Writes a preference. Without a refusal the modem may have accepted it although its answer was lost.
local function write_preference(job, self, fields)
  local answer, problem = job:request(dms.set_firmware_preference, fields)
  if not answer and problem.code == "qmi.refused" then return nil, problem end
  job:begin_change()
  if self.undo then job:undo(self.undo, restore_preference) end
  return answer, problem
end

local function prefer_stored(job, self)
  local answer, problem = write_preference(job, self, { images = job.pair.preference })
  if not answer then return nil, problem end
  return true, versions.text(job.pair)
end

-- The kinds of images that the modem needs. Without a list in the answer all images are sent.
local function note_wanted(job, types)
  if not types then return end
  job.wanted = {}
  for _, kind in ipairs(types) do job.wanted[kind] = true end
  job.stored_already = #types == 0
end

-- Refusals that no other route avoids (a wrong value, no room), and one that passes.
local permanent = { InvalidArgument = true, DeviceStorageFull = true }
local passing = { DeviceNotReady = true }

-- Nothing was changed. Firmware that does not know the preference, or not this one, enters download mode by another
-- route (reference: procedures, 0).
local function refused(job, problem)
  if problem.code ~= "qmi.refused" or passing[problem.error_name] then return nil, problem end
  if permanent[problem.error_name] then
    problem.final = true
    return nil, problem
  end
  job:note(tostring(problem))
  return engine.SKIP, "this firmware takes no preference"
end

-- Some firmware answers that it needs no image of a pair that it does not store, unless the download is forced.
local function request_preference(job, self)
  local fields = {
    images = preference_for(job), override = job.options.force and 1 or nil,
    storage_index = job.options.storage_index,
  }
  local answer, problem = write_preference(job, self, fields)
  if answer and answer.types and not answer.types[1] and not fields.override then
    local list = job:request(dms.list_stored_images) or {}
    fields.override = not stored.has(list.groups, job.set) and 1 or nil
    if fields.override then answer, problem = write_preference(job, self, fields) end
  end
  if answer or problem.code ~= "qmi.malformed" then return answer, problem end
  -- firmware 01.08 of the EM7305 (forum 27590): the same as an answer without a list
  job:warn(problem.code, tostring(problem))
  return {}
end

-- A modem without a QMI port.
local function prefer_by_at(job)
  local set, problem = routes.prefer_by_at(job)
  if set then return true, versions.text(job.set) end
  local takes_none = problem.code == "device.no_port" or require("moonflash.protocol.at").is_refusal(problem)
  if not takes_none then return nil, problem end
  return engine.SKIP, "this firmware takes no preference"
end

local function set_preference(job, self)
  local ready, unready = job:prepare_images()
  if not ready then return nil, unready end
  job:follow()
  if routes.lacks_qmi_port(job) then return prefer_by_at(job) end
  local answer, problem = request_preference(job, self)
  if not answer then return refused(job, problem) end
  job.preference_set = true
  if not job.images_left then job.sent = {} end
  job.images_left = nil
  note_wanted(job, answer.types)
  if job.stored_already then return true, "the modem stores these images: it only switches" end
  return true, versions.text(job.set)
end

return {
  --- Reads what the modem runs, prefers and stores: job.state, and job.before for the result.
  read_versions = step.define {
    name = "read versions", changes = false, seconds = 1, retry = 2, pause = 5, most = 240,
    run = read_versions,
  },

  --- Ends the run when the modem runs and prefers the images and is online; not with the option force.
  stop_if_current = step.define {
    name = "stop if current", changes = false, seconds = 0,
    run = stop_if_current,
  },

  --- Makes the modem prefer the images. `undo`: the name of the function that restores the earlier preference.
  set_preference = step.define {
    name = "set preference", changes = true, seconds = 1, retry = 3, pause = 5, most = 240,
    undo = "restore the preference",
    run = set_preference,
  },

  --- Prefers the chosen pair, exactly as the modem stores it. `undo`: as for set_preference; none by default.
  prefer_stored = step.define { name = "prefer stored images", changes = true, most = 240,
    run = prefer_stored },
}
