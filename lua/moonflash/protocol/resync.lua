--- A program that was killed in the middle of a write leaves a loader behind that takes all it gets for
-- the rest of that write, a greeting too. It is given flags until it answers; to a loader that waits
-- for a command they mean nothing. One that has got all of an image is silent while it writes its flash, up
-- to a minute, and then answers everything it was asked meanwhile.
-- @module moonflash.protocol.resync

local resync = {}

local FLAGS = ("~"):rep(16384)
local MOST_AT_ONCE = 4096
local QUIET_MS, MOST_ANSWERS = 100, 50

-- What it says is of no use, only that it says no more.
local function let_finish(channel)
  for _ = 1, MOST_ANSWERS do
    if not channel:read(MOST_AT_ONCE, QUIET_MS) then break end
  end
end

--- Waits until a loader that was asked answers at last.
-- @tparam userdata channel open port
-- @tparam number within_ms
-- @treturn boolean whether it did; what it said is dropped
function resync.await(channel, within_ms)
  if not channel:read(MOST_AT_ONCE, within_ms) then return false end
  let_finish(channel)
  return true
end

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
  if not answer then return resync.await(channel, within_ms) end
  let_finish(channel)
  return true
end

return resync
