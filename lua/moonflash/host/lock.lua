--- One job on a modem at a time, whatever mode and place it is in; and nobody asks it something meanwhile,
-- for two programs that read from one QMI port get each other's answers.
-- @module moonflash.host.lock

local failure = require "moonflash.base.failure"
local paths = require "moonflash.base.paths"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"

local lock = {}

local PATIENCE_MS, RETRY_MS = 20000, 20 -- with who only asks; its modem may be slow

--- The role of who holds a lock only to ask something, or to look whether it is held, and is gone soon.
lock.ASKS = "asks"

--- The socket a modem is plugged into: its USB 3 and USB 2 places are one, the lower of the two
-- names it.
function lock.socket(device)
  if device.peer and device.peer < device.place then return device.peer end
  return device.place
end

--- Takes the lock of a socket.
-- @tparam string root "/" or a simulator's
-- @tparam string socket of lock.socket
-- @tparam[opt] string role lock.ASKS, else it is a job's
-- @treturn userdata the lock, or nil and failure sys.locked or what the system says
function lock.take_socket(root, socket, role)
  return sys.lock(paths.below(root, ("/run/moonflash/%s.lock"):format(socket)), role)
end

--- Whether a job holds the lock that could not be taken; one who took it just now has not said yet what for.
-- @tparam table problem
function lock.is_jobs(problem)
  return problem.code == "sys.locked" and problem.evidence:match "^pid %d+: " ~= nil
end

local function take_patiently(root, socket, role)
  return process.poll_until(sys.clock_ms() + PATIENCE_MS, RETRY_MS, function()
    local held, problem = lock.take_socket(root, socket, role)
    return held, problem, problem and problem.code == "sys.locked" and not lock.is_jobs(problem)
  end)
end

local OURS = "this script works with the modem itself: let it say job:finalize() before it begins another job"

--- Takes the lock of a modem.
-- @tparam string root "/" or a simulator's
-- @tparam table device
-- @tparam[opt] boolean to_ask only to ask it something
-- @treturn userdata the lock, with a method release(); or nil and a failure. device.busy and sys.interrupted
-- have the field `final`: no step tries again; the first has `ours` when it is this very process that holds
-- it: a script that opened the modem and now begins an update
function lock.take(root, device, to_ask)
  local held, problem = take_patiently(root, lock.socket(device), to_ask and lock.ASKS or nil)
  if held then return held end
  if problem.code == "sys.interrupted" then problem.final = true end
  if problem.code ~= "sys.locked" then return nil, problem end
  local ours = tonumber(problem.evidence:match "^pid (%d+)") == sys.process_id()
  return nil, failure.new("device.busy", "another job works on the modem at " .. device.place,
    { evidence = problem.evidence, hint = ours and OURS or nil, ours = ours, final = true })
end

return lock
