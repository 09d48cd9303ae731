--- The steps that read and set what a modem runs and prefers.
-- @module moonflash.procedure.preference

local dms = require "moonflash.protocol.qmi.dms"
local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local images_are_ready = require "moonflash.procedure.ready"
local process = require "moonflash.base.process"
local routes = require "moonflash.procedure.routes"
local sys = require "moonflash.core.sys"
local versions = require "moonflash.procedure.versions"

local preference = {}

local PUT_BACK_SECONDS, RETRY_SECONDS = 20, 5

--- The work of `read_versions`.
function preference.read_versions(job)
  local state, problem = versions.read(job)
  if not state then return nil, problem end
  job.state = state
  job.before = job.before or state.running
  job.preference_before = job.preference_before or state.preference
  return true, versions.text(state.running)
end

-- Running it is not enough: it must also be what the modem prefers, and it must be online.
local function is_current(job)
  local state = job.state
  return versions.agree(job.set, state.running) and not versions.mismatch(state)
    and (not state.preferred or versions.agree(job.set, state.preferred))
end

--- The work of `stop_if_current`.
function preference.stop_if_current(job)
  if not job.state then return engine.SKIP, "the modem could not be asked" end
  if job.options.force then return engine.SKIP, "told to go on all the same" end
  if not is_current(job) then return true end
  job.up_to_date = job.phase == "untouched"
  job.after = job.state.running
  return engine.FINISH, "the modem runs " .. versions.text(job.state.running)
end

-- The list that makes a modem want a firmware and its settings (reference: QMI, firmware
-- preference list): the modem entry names no unique id, the PRI entry names all.
local function wanted_list(set)
  return {
    { type = "modem", unique_id = "?_?", build_id = set.firmware .. "_?" },
    { type = "pri", unique_id = set.config, build_id = set.firmware .. "_" .. set.carrier },
  }
end

-- Tries again for a while: the cause of the job's failure may pass.
local function persist(job, action)
  return process.poll_until(sys.clock_ms() + job:ms(PUT_BACK_SECONDS), job:ms(RETRY_SECONDS), action)
end

local function write_back(job, images)
  return persist(job, function()
    local answer, problem = job:request(dms.set_firmware_preference, { images = images })
    return answer, problem, problem and problem.code ~= "qmi.refused"
  end)
end

-- Writes back what the modem preferred. A modem that is not online (told so, or because it ran what it
-- did not prefer) comes back by a reset.
local function restore(job, before)
  local here, lost = job:relocate()
  if not here then return nil, lost end
  if here.mode ~= "application" then
    return nil, failure.new("job.wrong_mode", "the modem is in download mode")
  end
  local answer, problem = write_back(job, before)
  if not answer then return nil, problem end
  local power = job:request(dms.get_operating_mode)
  if not power or power.mode == "online" then return true end
  job:follow()
  local reset, refused = persist(job, function()
    local done, failed = routes.power_cycle(job)
    return done, failed, true
  end)
  if not reset then return nil, refused end
  job:close_qmi()
  return job:wait_for_device({ application = true }, job:ms(240))
end

-- What the modem asks for; an absent list tells nothing, so everything is sent.
local function remember_wanted(job, types)
  if not types then return end
  job.wanted = {}
  for _, kind in ipairs(types) do job.wanted[kind] = true end
  job.stored_already = #types == 0
end

-- Refusals that another way into download mode would not cure: what was asked for is wrong, or there
-- is no room for it; and one that passes.
local final = { InvalidArgument = true, DeviceStorageFull = true }
local passing = { DeviceNotReady = true }

-- Nothing was changed. Firmware that knows no preference, or not this one, is led into download mode by
-- another route (reference: procedures, 0).
local function refused(job, problem)
  if passing[problem.error_name] then return nil, problem end
  if final[problem.error_name] then
    problem.final = true
    return nil, problem
  end
  job:note(tostring(problem))
  return engine.SKIP, "this firmware takes no preference"
end

-- From here on there is something to put back: only a refusal says that the modem did not do it, for an
-- answer can be lost.
local function expect_change(job, self)
  local before = job.preference_before
  job.phase = "entering"
  if self.undo and before and #before > 0 then
    job:undo(self.undo, function() return restore(job, before) end)
  end
end

local function prefer(job)
  local answer, problem = job:request(dms.set_firmware_preference, {
    images = wanted_list(job.set),
    override = job.options.force and 1 or nil,
    storage_index = job.options.storage_index,
  })
  if answer or problem.code ~= "qmi.malformed" then return answer, problem end
  -- firmware 01.08 of the EM7305 (forum 27590): tells no more than an answer without a list
  job:warn(problem.code, tostring(problem))
  return {}
end

--- The work of `set_preference`.
-- @tparam table job
-- @tparam table self the step
function preference.set_preference(job, self)
  local ready, unready = images_are_ready(job)
  if not ready then return nil, unready end
  job:follow()
  local answer, problem = prefer(job)
  if not answer and problem.code == "qmi.refused" then return refused(job, problem) end
  expect_change(job, self)
  if not answer then return nil, problem end
  job.preference_set = true
  if not job.images_left then job.sent = {} end
  job.images_left = nil
  remember_wanted(job, answer.types)
  if job.stored_already then return true, "already stored: the modem only switches" end
  return true, versions.text(job.set)
end

return preference
