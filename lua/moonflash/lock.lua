--- One job on a modem at a time, whatever mode and place it is in.
-- @module moonflash.lock

local failure = require "moonflash.failure"
local sys = require "moonflash.core.sys"

local lock = {}

-- A modem's USB 3 and USB 2 places are one socket: the lower of the two names it.
local function socket_of(device)
  if device.peer and device.peer < device.place then return device.peer end
  return device.place
end

--- Takes the lock of a modem.
-- @tparam string root "/" or a simulator's
-- @tparam table device
-- @treturn userdata the lock, with a method release(), or nil and failure device.busy
function lock.take(root, device)
  local folder = root == "/" and "/run/moonflash" or root .. "/run/moonflash"
  local held, problem = sys.lock(("%s/%s.lock"):format(folder, socket_of(device)))
  if held then return held end
  if problem.code ~= "sys.locked" then return nil, problem end
  return nil, failure.new("device.busy", "another job works on the modem at " .. device.place,
    { evidence = problem.evidence })
end

return lock
