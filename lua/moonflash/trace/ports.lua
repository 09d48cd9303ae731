--- What passes on a serial port, as events of a trace. Data of images is told as length and CRC-32.
-- @module moonflash.trace.ports

local bytes = require "moonflash.core.bytes"
local redact = require "moonflash.trace.redact"
local tap = require "moonflash.core.tap"

local tty = {}

local directions = { sent = ">", received = "<", image = ">", ended = "<" }

local MANY = 64 -- of one byte: told once, with their number

local function write_bytes(trace, interface, direction, text)
  if text == "" then return end
  local fields = { ["if"] = interface, dir = direction, hex = bytes.hex(text, "") }
  if #text >= MANY and text == text:sub(1, 1):rep(#text) then
    fields.hex, fields.times = bytes.hex(text:sub(1, 1)), #text
  end
  trace:write("port", fields)
end

local function write_other(trace, interface, kind, what, sum)
  local fields = { ["if"] = interface, dir = directions[kind] }
  if kind == "image" then
    fields.bytes, fields.crc = what, bytes.hex_number(sum, 8)
  else
    fields.ended = true
  end
  trace:write("port", fields)
end

local function binary(trace, interface)
  return function(direction, text) write_bytes(trace, interface, direction, redact.text(text)) end
end

-- Identifiers are found in whole lines only, so a line is kept until it is whole, or until something
-- else is to be told.
local function lines(trace, interface)
  local rest, of = "", nil
  local function flush()
    local text = rest
    rest, trace.pending = "", nil
    write_bytes(trace, interface, of, redact.at_rest(text))
  end
  return function(direction, text)
    if direction ~= of then trace:flush() end
    trace.pending = nil
    local whole, more = (rest .. text):match "^(.*[\r\n])(.*)$"
    of, rest = direction, more or rest .. text
    if whole then write_bytes(trace, interface, direction, redact.at_lines(whole)) end
    trace.pending = rest ~= "" and flush or nil
  end
end

--- Records what passes on a channel.
-- @tparam table trace
-- @tparam userdata channel
-- @tparam number interface
-- @tparam boolean is_text whether it speaks in lines
-- @treturn userdata the channel to use from now on
function tty.tap(trace, channel, interface, is_text)
  local carried = (is_text and lines or binary)(trace, interface)
  return tap.new(channel, function(kind, what, sum)
    if kind == "sent" or kind == "received" then return carried(directions[kind], what) end
    write_other(trace, interface, kind, what, sum)
  end)
end

return tty
