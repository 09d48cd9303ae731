-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Sahara in memory debug mode: a crashed QDL modem offers its memory with a hello and accepts a reset
-- request. (Source: libqmi, qfu-sahara-message.h. A real hello of an MC7455 is among the test vectors.)

local bytes = require "moonflash.core.bytes"
local channel = require "moonflash.device.channel"
local sys = require "moonflash.core.sys"

local sahara = {}

local HELLO = bytes.u32le(1) .. bytes.u32le(48)
local RESET = bytes.u32le(7) .. bytes.u32le(8)
local RESET_ANSWER = bytes.u32le(8)
local MODE_AT = 21 -- after command, length, version, lowest version, largest packet
local MEMORY_DEBUG = 2

local function read_up_to(port, count, ms)
  local text, deadline = "", sys.clock_ms() + ms
  while #text < count do
    local left = deadline - sys.clock_ms()
    local piece, problem = port:read(count - #text, math.max(left, 0))
    if not piece then return text, problem end
    text = text .. piece
  end
  return text
end

--- Whether the modem behind a port offers its memory within some ms; or nil and a failure when the port cannot be
-- opened. The modem sends its hello when the port opens; nothing is written.
function sahara.offers_memory(address, ms)
  local port, problem = channel.open(address)
  if not port then return nil, problem end
  local text = read_up_to(port, 48, ms)
  port:close()
  return text:sub(1, #HELLO) == HELLO and bytes.get_u32le(text, MODE_AT) == MEMORY_DEBUG
end

--- Resets a modem that offers its memory. It may vanish before its answer arrives. Returns true, or nil and a failure.
function sahara.reset(address, ms)
  local port, problem = channel.open(address)
  if not port then return nil, problem end
  port:discard()
  local sent, unsent = port:write(RESET, ms)
  if sent then read_up_to(port, #RESET_ANSWER, ms) end
  port:close()
  return sent, unsent
end

return sahara
