-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Sends an answer of the modem, changed by the faults about its message.

local bytes = require "moonflash.core.bytes"

local leftover = "\255\0~*" -- the tail of an earlier frame, with a flag in it and no end
local most_pauses = 16 -- of 1 ms

local function flipped(answer)
  local at = math.ceil(#answer / 2)
  local byte = answer:byte(at)
  byte = byte % 2 == 0 and byte + 1 or byte - 1
  return answer:sub(1, at - 1) .. bytes.u8(byte) .. answer:sub(at + 1)
end

-- Sends each byte in a write of its own. A long answer has few pauses, so that it comes before the host's deadline.
local function one_by_one(modem, port, answer, at)
  local pause_every = math.ceil(#answer / most_pauses)
  for index = at, #answer do
    port:send(answer:sub(index, index))
    if index % pause_every == 0 then
      return modem.loop:after(1, function() one_by_one(modem, port, answer, index + 1) end)
    end
  end
end

-- A loader does one thing at a time; an application answers other requests meanwhile.
local function late(modem, port, answer, value)
  local seconds = value == true and 5 or value
  if modem.mode == "download" then return port:send_late(answer, modem:milliseconds(seconds)) end
  modem:after(seconds, function() port:send(answer) end)
end

-- In this order; only the first fault that applies takes effect.
local effects = {
  { "silence", function() end },
  { "deaf", function(_, port) port:stop_reading() end },
  { "unplug", function(modem) modem:unplug() end },
  { "move", function(modem) modem:move() end },
  { "hold", function(modem, port, answer, value)
    modem.hold_seconds = value == true and 5 or value
    port:send(answer)
  end },
  { "late", late },
  { "cut", function(_, port, answer) port:send(answer:sub(1, math.floor(#answer / 2))) end },
  { "split", function(modem, port, answer) one_by_one(modem, port, answer, 1) end },
  { "stale", function(_, port, answer) port:send(leftover .. answer) end },
  { "flip", function(_, port, answer) port:send(flipped(answer)) end },
}

--- Sends an answer, changed by faults.
return function(modem, port, bytes_of_answer, hits)
  for _, effect in ipairs(effects) do
    local value = hits[effect[1]]
    if value then
      modem.recorder:note("fault", { fault = effect[1], message = hits.message })
      return effect[2](modem, port, bytes_of_answer, value)
    end
  end
  port:send(bytes_of_answer)
end
