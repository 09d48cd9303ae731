--- The steps that use what the modem stores: switching without a download, and the way back from
-- states in which it prefers what it does not have.
-- @module moonflash.procedure.restart

local crash = require "moonflash.procedure.crash"
local dms = require "moonflash.protocol.qmi.dms"
local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local routes = require "moonflash.procedure.routes"
local stored = require "moonflash.procedure.stored_images"
local versions = require "moonflash.procedure.versions"

local steps = {}

local function aim_at(job, pair)
  job.set = { firmware = pair.firmware, carrier = pair.carrier, config = pair.config, images = {} }
  job.pair = pair
end

--- The work of `choose_stored`.
function steps.choose_stored(job)
  local pair, problem = stored.find(job.state, job.wanted_pair)
  if not pair then return nil, problem end
  aim_at(job, pair)
  return true, versions.text(pair)
end

--- The work of `prefer_stored`.
function steps.prefer_stored(job)
  local answer, problem = job:request(dms.set_firmware_preference, { images = job.pair.preference })
  if not answer then return nil, problem end
  job.phase = "entering"
  return true, versions.text(job.pair)
end

--- The work of `restart`.
-- @tparam table job
-- @tparam table self the step
function steps.restart(job, self)
  job:follow()
  local taken, problem = routes.power_cycle(job)
  if not taken then return nil, problem end
  job:close_qmi()
  job.phase = "booting"
  local found, lost = job:wait_for_device({ application = true, download = true }, job:ms(self.within))
  if not found then
    lost.final = true -- it was told, and had its time
    return nil, lost
  end
  if found.mode == "application" then return true end
  return nil, failure.new("job.wrong_mode", "the modem came back in download mode", { final = true })
end

--- The work of `wake`.
function steps.wake(job)
  local left, problem = job:leave_download()
  if left then return true end
  if job.device.mode == "application" then return engine.SKIP, "it has left by itself" end
  return crash.reset(job, problem)
end

--- The work of `normal_boot`.
function steps.normal_boot(job)
  local answer = job:request(dms.get_boot_image_download_mode)
  if not answer or answer.mode ~= "boot_and_recovery" then return engine.SKIP, "it is not set" end
  local done, problem = job:request(dms.set_boot_image_download_mode, { mode = "normal" })
  if not done then return nil, problem end
  return true
end

-- A modem that is online may still prefer what it neither runs nor stores: its next restart would end in
-- download mode.
local function is_well(state)
  if versions.mismatch(state) or state.mode == "offline" then return false end
  local preferred = state.preferred
  return not preferred or versions.agree(preferred, state.running) or stored.has(state.stored, preferred)
end

--- The work of `stop_if_well`.
function steps.stop_if_well(job)
  local state = job.state
  if is_well(state) then
    job.after = state.running
    if state.mode == "online" then return engine.FINISH, "the modem is online" end
    job:warn("modem.radio_off", "the images are consistent, but the radio is off: " .. tostring(state.mode))
    return engine.FINISH, "nothing that images can cure"
  end
  local pair, problem = stored.way_back(state)
  if not pair then return nil, problem end
  aim_at(job, pair)
  return true, "the modem prefers " .. versions.text(state.preferred)
end

return steps
