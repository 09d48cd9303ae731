--- Whether the program says what the trace says it said: bytes on a tty as a stream, data of images
-- by length and CRC-32, QMI requests by their fields.
-- @module moonflash.sim.replay.expect

local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"
local json = require "moonflash.base.json"
local redact = require "moonflash.trace.redact"
local trace_qmi = require "moonflash.trace.qmi"

local expect = {}

local SHOWN = 64         -- bytes
local WRITE_HEADER = 13  -- of a QDL write, in front of its data
local DATA_LENGTH_AT = 8

local function shown(text, from)
  from = from or 1
  local begins = from > 1 and ("from byte %d on "):format(from) or ""
  return begins .. bytes.hex(text:sub(from, from + SHOWN - 1), "") .. (#text >= from + SHOWN and " ..." or "")
end

-- The place where two texts part.
local function first_difference(one, other)
  local at = 1
  while one:byte(at) == other:byte(at) do at = at + 1 end
  return at
end

-- What came and what was expected, from where they part.
local function different(came, wanted)
  local at = first_difference(came, wanted)
  return nil, shown(came, at), shown(wanted, at)
end

local function put_back(port, text)
  port.input = { text ~= "" and text or nil }
end

-- Behind data that broke off there may be more of it than was recorded.
local function skip_broken(port, came, wanted)
  if not port.broken then return came end
  local at = came:find(wanted, 1, true)
  port.broken = at == nil
  return at and came:sub(at) or ""
end

-- How much data of an image is due, should what was just said end in the header of a write.
local function note_said(port, text)
  port.tail = ((port.tail or "") .. text):sub(-WRITE_HEADER)
  port.due = bytes.get_u32le(port.tail, DATA_LENGTH_AT)
end

-- What was recorded had its identifiers taken out, so that is done here as well.
local function cleaned(text)
  return redact.at_lines(text)
end

-- Flags in front of a frame mean nothing, and how many are sent to a silent modem is a matter of time.
local function skip_flags(came, wanted)
  if not wanted:find "^~[^~]" then return came end
  return (came:gsub("^~+", "~"))
end

--- The bytes of an event.
-- @tparam table event with hex, and times when these are repeated
-- @treturn string
function expect.bytes(event)
  return bytes.from_hex(event.hex):rep(event.times or 1)
end

local function take_bytes(port, event)
  local wanted = expect.bytes(event)
  local came = skip_flags(skip_broken(port, table.concat(port.input), wanted), wanted)
  local part = came:sub(1, #wanted)
  if #part < #wanted then
    put_back(port, came)
    if wanted:sub(1, #part) == part or cleaned(part) == wanted:sub(1, #part) then return false end
    return different(part, wanted)
  end
  put_back(port, came:sub(#wanted + 1))
  note_said(port, wanted)
  if part == wanted or cleaned(part) == wanted then return true end
  return different(part, wanted)
end

-- Data is summed up as it comes: a chunk is not held in memory.
local function take_image(port, event)
  local sum = port.sum or { left = event.bytes, crc = nil }
  port.sum = sum
  while sum.left > 0 and port.input[1] do
    local piece = table.remove(port.input, 1)
    sum.crc = crc.crc32(piece:sub(1, sum.left), sum.crc)
    if #piece > sum.left then table.insert(port.input, 1, piece:sub(sum.left + 1)) end
    sum.left = math.max(0, sum.left - #piece)
  end
  if sum.left > 0 then return false end
  port.sum, port.due = nil, (port.due or 0) - event.bytes
  port.broken = port.due > 0
  local came = bytes.hex_number(sum.crc, 8)
  if came == event.crc then return true end
  return nil, ("%.0f bytes of an image with CRC-32 %s"):format(event.bytes, came)
end

local function take_request(port, event)
  local asked = table.remove(port.requests, 1)
  if not asked then return false end
  local fields = trace_qmi.fields(asked.service, asked.message, asked.tlvs)
  local wanted = { service = event.service, message = event.message, tlvs = event.tlvs }
  if json.encode(fields) == json.encode(wanted) then
    port.asked = asked
    return true
  end
  return nil, expect.request_words(asked)
end

--- Takes an event of the program's from what has come.
-- @tparam table port of moonflash.sim.replay.ports
-- @tparam table event of the trace, with dir ">"
-- @treturn ?boolean true when all of it has come, false while more is to come; nil, what came instead,
-- and what was expected there when that is not the whole event
function expect.take(port, event)
  if event.event == "qmi" then return take_request(port, event) end
  return (event.bytes and take_image or take_bytes)(port, event)
end

--- A QMI request in words.
-- @tparam table asked service, message, tlvs
-- @treturn string
function expect.request_words(asked)
  local said = trace_qmi.fields(asked.service, asked.message, asked.tlvs)
  return expect.words { event = "qmi", service = said.service, message = said.message, tlvs = said.tlvs }
end

--- An event in words.
-- @tparam table event
-- @treturn string
function expect.words(event)
  if event.event == "qmi" then
    return ("QMI request %s of service %d (%s)"):format(event.message, event.service,
      table.concat(event.tlvs, ", "))
  end
  if event.bytes then
    return ("%.0f bytes of an image with CRC-32 %s"):format(event.bytes, event.crc)
  end
  return shown(expect.bytes(event))
end

return expect
