--- A program that was killed in the middle of a write leaves a loader behind that takes all it gets for
-- the rest of that write, a greeting too. It is given flags until it answers; to a loader that waits
-- for a command they mean nothing.
-- @module moonflash.resync

local resync = {}

local FLAGS = ("~"):rep(16384)
local MOST_AT_ONCE = 4096
local QUIET_MS, MOST_ANSWERS = 100, 50

--- Fills what is left of a write.
-- @tparam userdata channel open port
-- @tparam number most bytes a write can have
-- @tparam number within_ms for the modem to take them, and then to answer
-- @treturn boolean whether it answered; what it said is dropped
function resync.fill(channel, most, within_ms)
  local sent, answer = 0, nil
  while sent < most and not answer do
    if not channel:write(FLAGS, within_ms) then return false end
    sent, answer = sent + #FLAGS, channel:read(MOST_AT_ONCE, 0)
  end
  answer = answer or channel:read(MOST_AT_ONCE, within_ms)
  for _ = 1, answer and MOST_ANSWERS or 0 do
    if not channel:read(MOST_AT_ONCE, QUIET_MS) then break end
  end
  return answer ~= nil
end

return resync
