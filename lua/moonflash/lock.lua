--- One job on a modem at a time, whatever mode and place it is in.
-- @module moonflash.lock

local failure = require "moonflash.failure"
local sys = require "moonflash.core.sys"

local lock = {}

local TRIES, AGAIN_MS = 5, 20

--- The socket a modem is plugged into: its USB 3 and USB 2 places are one, the lower of the two
-- names it.
function lock.socket(device)
  if device.peer and device.peer < device.place then return device.peer end
  return device.place
end

--- Takes the lock of a socket.
-- @tparam string root "/" or a simulator's
-- @tparam string socket of lock.socket
-- @treturn userdata the lock, or nil and failure sys.locked or what the system says
function lock.take_socket(root, socket)
  local folder = root == "/" and "/run/moonflash" or root .. "/run/moonflash"
  return sys.lock(("%s/%s.lock"):format(folder, socket))
end

-- Somebody may only be looking whether it is held.
local function take_patiently(root, socket)
  for try = 1, TRIES do
    local held, problem = lock.take_socket(root, socket)
    if held or problem.code ~= "sys.locked" or try == TRIES then return held, problem end
    if not sys.sleep_ms(AGAIN_MS) then return nil, problem end
  end
end

-- The holder may be this very process: a script that opened the modem and now begins an update.
local function hint(problem)
  if tonumber((problem.evidence or ""):match "^pid (%d+)") ~= sys.process_id() then return nil end
  return "this script works with the modem itself: let it say job:finalize() before it begins another job"
end

--- Takes the lock of a modem.
-- @tparam string root "/" or a simulator's
-- @tparam table device
-- @treturn userdata the lock, with a method release(), or nil and failure device.busy
function lock.take(root, device)
  local held, problem = take_patiently(root, lock.socket(device))
  if held then return held end
  if problem.code ~= "sys.locked" then return nil, problem end
  return nil, failure.new("device.busy", "another job works on the modem at " .. device.place,
    { evidence = problem.evidence, hint = hint(problem) })
end

return lock
