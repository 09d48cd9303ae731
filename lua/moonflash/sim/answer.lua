--- The last step of every answer: where faults about messages strike.
-- @module moonflash.sim.answer

local bytes = require "moonflash.core.bytes"

local wire = {}

local leftover = "\255\0~*" -- the tail of some earlier frame: a flag in it, and no end
local most_pauses = 16 -- of 1 ms

local function flipped(answer)
  local at = math.ceil(#answer / 2)
  local byte = answer:byte(at)
  byte = byte % 2 == 0 and byte + 1 or byte - 1
  return answer:sub(1, at - 1) .. bytes.u8(byte) .. answer:sub(at + 1)
end

-- Each byte in a write of its own. The pauses between them are few in a long answer, which must come while
-- it is waited for.
local function one_by_one(modem, port, answer, at)
  local pause_every = math.ceil(#answer / most_pauses)
  for index = at, #answer do
    port:send(answer:sub(index, index))
    if index % pause_every == 0 then
      return modem.loop:after(1, function() one_by_one(modem, port, answer, index + 1) end)
    end
  end
end

-- A loader does one thing after the other; the rest of a modem answers others meanwhile.
local function late(modem, port, answer, value, message)
  local seconds = value == true and 5 or value
  if message:find "^qdl" then return port:send_late(answer, modem:milliseconds(seconds)) end
  modem:after(seconds, function() port:send(answer) end)
end

-- In this order; the first one that strikes is the one that happens.
local effects = {
  { "silence", function() end },
  { "deaf", function(_, port) port:stop_reading() end },
  { "unplug", function(modem) modem:unplug() end },
  { "move", function(modem) modem:move() end },
  { "hold", function(modem, port, answer, value)
    modem:hold_next_ports(value == true and 5 or value)
    port:send(answer)
  end },
  { "late", late },
  { "cut", function(_, port, answer) port:send(answer:sub(1, math.floor(#answer / 2))) end },
  { "split", function(modem, port, answer) one_by_one(modem, port, answer, 1) end },
  { "stale", function(_, port, answer) port:send(leftover .. answer) end },
  { "flip", function(_, port, answer) port:send(flipped(answer)) end },
}

--- Sends an answer, or what a fault makes of it.
-- @tparam modem modem
-- @tparam port port
-- @tparam string answer bytes
-- @tparam table hits from faults:at
function wire.answer(modem, port, answer, hits)
  for _, effect in ipairs(effects) do
    local value = hits[effect[1]]
    if value then
      modem.recorder:note("fault", { fault = effect[1], message = hits.message })
      return effect[2](modem, port, answer, value, hits.message)
    end
  end
  port:send(answer)
end

return wire
