-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Restarts of a modem in application mode, and the way back when a restart ends in download mode.

local limits = require "moonflash.base.limits"
local sys = require "moonflash.core.sys"

local reset = {}

local ANY_MODE = { download = true, application = true }

--- The modem goes back to application mode, or is there already. Returns the device, or nil and a failure.
function reset.return_to_application(job, within_ms)
  job:close_download()
  local here, lost = job:refresh_device()
  if not here then return nil, lost end
  return job:wait_for_device({ application = true }, within_ms, true)
end

-- The undo function of every restart: the modem may be in any mode by now.
local function leave_download(job)
  job:close_download()
  job:close_qmi()
  if job.reset_requested then job:wait_for_device(ANY_MODE, job:ms(limits.disconnect)) end
  local here, lost = job:relocate()
  if not here then return nil, lost end
  if here.mode == "application" then return true end
  local left = job:leave_download()
  return reset.return_to_application(job, job:ms(left and limits.boot or limits.disconnect))
end

-- When the last command was interrupted, the modem may have accepted it.
local function request(job, send)
  job:follow()
  local accepted, problem = send(job)
  job:close_at()
  if not accepted and (problem.not_sent or not job:interrupted()) then return nil, problem end
  local now = sys.clock_ms()
  job.reset_requested, job.reset_requested_at, job.restarted_at = true, now, now
  job:undo("leave download mode", leave_download)
  return accepted, problem
end

--- Restarts the modem by `send`, the run function of a route, and waits until it is back in any mode, for
-- `within` seconds. Returns the device, or nil and a failure.
function reset.run(job, send, within)
  local accepted, problem = request(job, send)
  if not accepted then return nil, problem end
  job:close_qmi() -- not before: over MBIM it can block until the modem is gone, and the follower must be armed
  local within_ms = job:ms(within or limits.boot)
  return job:wait_for_device(ANY_MODE, within_ms, false, math.min(within_ms, job:ms(limits.disconnect)))
end

return reset
