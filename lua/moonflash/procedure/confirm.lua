--- The last step: success is only said when the modem itself reports the new firmware.
-- @module moonflash.procedure.confirm

local at = require "moonflash.protocol.at"
local failure = require "moonflash.base.failure"
local versions = require "moonflash.procedure.versions"

local confirm = {}

-- Firmware that knows no preference may not tell its settings either (old 9x15): that is not held
-- against it.
local function expected(set, state)
  if state.preferred or state.running.carrier or state.running.config then return set end
  return { firmware = set.firmware }
end

local function difference(job, state)
  if not versions.agree(expected(job.set, state), state.running) then
    return "it runs " .. versions.text(state.running)
  end
  if state.preferred and not versions.agree(job.set, state.preferred) then
    return "it prefers " .. versions.text(state.preferred)
  end
  if versions.mismatch(state) then
    return "it stays in low power: preferred and stored images do not agree"
  end
end

-- A difference is believed when it was seen `confirmations` times in a row: a modem may still be settling
-- when it first answers. Then another pass over the steps is what can mend it.
local function judge(job, self, seen)
  job.differences = (job.differences or 0) + 1
  local believed = job.differences >= self.confirmations
  if believed then job.differences = nil end
  return nil, failure.new("job.not_confirmed", "the modem does not report " .. versions.text(job.set),
    { evidence = seen, final = believed, restart_procedure = true })
end

-- A moonflash without QMI takes what AT says, where the modem has a port for it: that AT says nothing yet, or
-- refuses, can change, that there is no QMI cannot.
local function read(job)
  local state, missing = versions.read(job)
  if state or missing.code ~= "qmi.unavailable" or not job.device.nodes.at then return state, missing end
  local session, problem = job:at()
  local seen
  if session then seen, problem = session:ask "preference" end
  if seen then return { running = seen.current, preferred = seen.preferred } end
  if at.is_refusal(problem) then problem.hint = failure.hint(missing) end
  return nil, problem
end

--- The work of `confirm`.
-- @tparam table job
-- @tparam table self the step
function confirm.confirm(job, self)
  local state, problem = read(job)
  if not state then
    job:close_qmi()
    job:close_at()
    return nil, problem
  end
  job.after = state.running
  local seen = difference(job, state)
  if seen then return judge(job, self, seen) end
  if expected(job.set, state) ~= job.set then
    job:warn("job.not_confirmed", "the new firmware runs; the modem does not tell which settings")
  end
  if state.mode and state.mode ~= "online" then
    job:warn("job.not_confirmed", "the new firmware runs, but the radio is off: " .. state.mode)
  end
  return true, versions.text(state.running)
end

return confirm
