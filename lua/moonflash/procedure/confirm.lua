-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The last step of an update: it succeeds only when the modem itself reports the new firmware.

local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local step = require "moonflash.engine.step"
local versions = require "moonflash.procedure.versions"

local RESTLESS = 3 -- restarts that the modem was not asked for

-- Old firmware (9x15) that knows no preference may not report its carrier settings either: then only the firmware
-- is compared.
local function expected(set, state)
  if state.preferred or state.running.carrier or state.running.config then return set end
  return { firmware = set.firmware }
end

-- A modem may report old versions right after its start. A difference is final once it was reported `confirmations`
-- times in a row; then the whole procedure may help.
local function judge(job, self, found)
  job.differences = (job.differences or 0) + 1
  local is_final = job.differences >= self.confirmations
  if is_final then job.differences = nil end
  return nil, failure.new("job.not_confirmed", "the modem does not report " .. versions.text(job.set),
    { evidence = found, final = is_final, restart_procedure = true })
end

-- A modem may need minutes after an update, or another restart.
local function unanswered(job, problem)
  job:close_qmi()
  job:close_at()
  if not job.waits_for_answer then
    job.emit { event = "say", message = "the modem has restarted and does not answer yet: waiting up to 3 min for it" }
  end
  job.waits_for_answer = true
  if problem.code == "qmi.unavailable" then return nil, problem end
  local times = (job.returns or 0) - job.returns_before
  if times >= RESTLESS then
    return nil, failure.new("job.not_confirmed", ("the modem restarts by itself, seen %d times"):format(times),
      { cause = problem, hint = "check its power supply; `moonflash recover FILE...` sends the images again" })
  end
  problem.hint = problem.hint or "restart the modem: `moonflash at 'AT!RESET'`, or unplug it for some seconds; then "
    .. "`moonflash status` shows whether it runs the new firmware"
  return nil, problem
end

local function confirm(job, self)
  job.returns_before = job.returns_before or job.returns or 0
  local state, problem = versions.read(job, true)
  if not state then return unanswered(job, problem) end
  job.after = state.running
  local runs = expected(job.set, state)
  local found = versions.difference(job.set, state, runs)
  if found then return judge(job, self, found) end
  if runs ~= job.set then
    job:warn("job.not_confirmed", "the new firmware runs; the modem does not report its carrier settings")
  end
  if state.mode and state.mode ~= "online" then
    job:warn("job.not_confirmed", "the new firmware runs, but the radio is off: " .. state.mode
      .. "; `moonflash status` shows why")
  end
  return true, versions.text(state.running)
end

return {
  --- Asks the modem until it runs and prefers the images. `confirmations`: how often in a row it must report a
  -- difference before the step fails (3). Then all steps run once more, as often as `again` allows.
  confirm = step.define {
    name = "confirm", changes = false, seconds = 10,
    fields = { confirmations = "several" },
    mode = "application", confirmations = 3, retry = 36, pause = 5, most = 175, again = 1,
    after_restart = limits.answer,
    run = confirm,
  },
}
