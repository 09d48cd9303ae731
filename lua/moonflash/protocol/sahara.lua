--- Sahara in memory debug mode: a crashed QDL modem offers its memory with a hello and accepts a reset
-- request. (Source: libqmi, qfu-sahara-message.h. A real hello of an MC7455 is among the test vectors.)
-- @module moonflash.protocol.sahara

local bytes = require "moonflash.core.bytes"
local port = require "moonflash.core.port"
local sys = require "moonflash.core.sys"

local sahara = {}

local HELLO = bytes.u32le(1) .. bytes.u32le(48)
local RESET = bytes.u32le(7) .. bytes.u32le(8)
local RESET_ANSWER = bytes.u32le(8)
local MODE_AT = 21 -- after command, length, version, lowest version, largest packet
local MEMORY_DEBUG = 2

local function read_up_to(channel, count, ms)
  local text, deadline = "", sys.clock_ms() + ms
  while #text < count do
    local left = deadline - sys.clock_ms()
    local piece, problem = channel:read(count - #text, math.max(left, 0))
    if not piece then return text, problem end
    text = text .. piece
  end
  return text
end

--- Whether the modem behind a port offers its memory. The modem sends its hello when the port opens;
-- nothing is written.
-- @tparam string path
-- @tparam number ms
-- @tparam[opt] table trace (moonflash.trace)
-- @treturn boolean or nil and a failure when the port cannot be opened
function sahara.offers_memory(path, ms, trace)
  local channel, problem = port.open(path)
  if not channel then return nil, problem end
  if trace then channel = trace:tap(channel, path) end
  local text = read_up_to(channel, 48, ms)
  channel:close()
  return text:sub(1, #HELLO) == HELLO and bytes.get_u32le(text, MODE_AT) == MEMORY_DEBUG
end

--- Resets a modem that offers its memory. It may vanish before its answer arrives.
-- @tparam string path
-- @tparam number ms
-- @tparam[opt] table trace (moonflash.trace)
-- @treturn boolean true, or nil and a failure
function sahara.reset(path, ms, trace)
  local channel, problem = port.open(path)
  if not channel then return nil, problem end
  if trace then channel = trace:tap(channel, path) end
  channel:discard()
  local sent, unsent = channel:write(RESET, ms)
  if sent then read_up_to(channel, #RESET_ANSWER, ms) end
  channel:close()
  return sent, unsent
end

return sahara
