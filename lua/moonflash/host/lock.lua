-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The lock of a modem: only one program at a time uses it, because two programs that read one QMI port receive each
-- other's answers. The lock is one of the USB socket, so it holds in every mode of the modem.
--
-- All users share the folder of the locks. Root makes it for root; packaging/moonflash.conf makes it for the group
-- dialout, too.

local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local paths = require "moonflash.base.paths"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"

local lock = {}

local RETRY_MS = 20

--- The role of a program that only asks the modem something, or tests the lock: it releases it soon.
lock.ASKS = "asks"

local FOLDER = "/run/moonflash/locks"

--- The USB socket of a modem. Its USB 3 and USB 2 places are one socket; the lower of the two is its name.
function lock.socket(device)
  if device.peer and device.peer < device.place then return device.peer end
  return device.place
end

local JOIN = "run as root (sudo moonflash ...), or join the group dialout, for which tmpfiles.d/moonflash.conf makes "
  .. "the folder of the locks"

--- Takes the lock of a socket in a role: lock.ASKS, or nil for a job. Returns the lock, with a method release(); or nil
-- and a failure: sys.locked, sys.*
function lock.take_socket(root, socket, role)
  local held, problem = sys.lock(paths.below(root, ("%s/%s.lock"):format(FOLDER, socket)), role)
  if problem and problem.code == "sys.denied" then problem.hint = JOIN end
  return held, problem
end

--- Whether a job holds the lock, by the failure of lock.take_socket. A program that took it just now has not written
-- its role yet, and counts as one that only asks.
function lock.is_jobs(problem)
  return problem.code == "sys.locked" and problem.evidence:match "^pid %d+: " ~= nil
end

--- The job that holds the lock of a socket: its process id and command, or nil.
function lock.job_of(root, socket)
  local held, problem = lock.take_socket(root, socket, lock.ASKS)
  if held then held:release() end
  return not held and lock.is_jobs(problem) and problem.evidence or nil
end

local function busy(place, evidence, fields)
  fields.evidence, fields.final = evidence, true
  return failure.new("device.busy", "another job uses the modem at " .. place, fields)
end

--- Why no modem is among the devices that are seen: the failure device.busy when a job restarts its modem, else nil.
function lock.of_absent_modem(root, devices)
  local seen = {}
  for _, dev in ipairs(devices) do seen[lock.socket(dev)] = true end
  for _, name in ipairs(sys.list(paths.below(root, FOLDER)) or {}) do
    local socket = name:match "^(%d.*)%.lock$"
    local evidence = socket and not seen[socket] and lock.job_of(root, socket)
    if evidence then return busy(socket .. ", which restarts", evidence, {}) end
  end
end

local function wait_for_queries(root, socket, role)
  return process.poll_until(sys.clock_ms() + limits.query * 1000, RETRY_MS, function()
    local held, problem = lock.take_socket(root, socket, role)
    return held, problem, problem and problem.code == "sys.locked" and not lock.is_jobs(problem)
  end)
end

local OURS = "this script has opened the modem itself: call job:finalize() before the next job"

--- Takes the lock of a modem, with `to_ask` only to ask the modem something. Waits for programs that only ask, up to
-- 20 s. Returns the lock, with a method release(); or nil and a failure: device.busy, sys.interrupted (both with
-- final = true: no step tries again), sys.*. device.busy has ours = true when this process has the lock: a script that
-- opened the modem and then starts an update.
function lock.take(root, device, to_ask)
  local held, problem = wait_for_queries(root, lock.socket(device), to_ask and lock.ASKS or nil)
  if held then return held end
  if problem.code == "sys.interrupted" then problem.final = true end
  if problem.code ~= "sys.locked" then return nil, problem end
  local ours = tonumber(problem.evidence:match "^pid (%d+)") == sys.process_id()
  return nil, busy(device.place, problem.evidence, { hint = ours and OURS or nil, ours = ours })
end

return lock
