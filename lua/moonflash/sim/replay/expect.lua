-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Compares what the program sends with a trace: bytes on a serial port as a stream, image data by length
-- and CRC-32, QMI requests by their fields.

local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"
local json = require "moonflash.base.json"
local redact = require "moonflash.trace.redact"

local expect = {}

local SHOWN = 64         -- bytes
local WRITE_HEADER = 13  -- of a QDL write, in front of its data
local DATA_LENGTH_AT = 8

local function shown(text, from)
  from = from or 1
  local begins = from > 1 and ("from byte %d on "):format(from) or ""
  return begins .. bytes.hex(text:sub(from, from + SHOWN - 1), "") .. (#text >= from + SHOWN and " ..." or "")
end

-- The received and the expected bytes, from the first difference on.
local function different(received, wanted)
  local at = 1
  while received:byte(at) == wanted:byte(at) do at = at + 1 end
  return nil, shown(received, at), shown(wanted, at)
end

-- After image data that was cut short, the program may have sent more of it than was recorded.
local function skip_cut_data(port, received, wanted)
  if not port.cut_short then return received end
  local at = received:find(wanted, 1, true)
  port.cut_short = at == nil
  return at and received:sub(at) or ""
end

-- How much image data follows when these bytes end in the header of a write.
local function note_data_size(port, text)
  port.tail = ((port.tail or "") .. text):sub(-WRITE_HEADER)
  port.due = bytes.get_u32le(port.tail, DATA_LENGTH_AT)
end

-- Flags before a frame have no meaning, and how many are sent to a silent modem depends on the time.
local function skip_flags(received, wanted)
  if not wanted:find "^~[^~]" then return received end
  return (received:gsub("^~+", "~"))
end

-- Identifiers were removed from the recorded bytes.
local function is_same(received, wanted)
  return received == wanted or redact.at_lines(received) == wanted
end

--- The bytes of an event with hex, and times when these are repeated.
function expect.bytes(event)
  return bytes.from_hex(event.hex):rep(event.times or 1)
end

local function take_bytes(port, event)
  local wanted = expect.bytes(event)
  local received = skip_flags(skip_cut_data(port, table.concat(port.input), wanted), wanted)
  local part = received:sub(1, #wanted)
  local complete = #part == #wanted
  port.input = { complete and received:sub(#wanted + 1) or received }
  if complete then note_data_size(port, wanted) end
  if is_same(part, wanted:sub(1, #part)) then return complete end
  return different(part, wanted)
end

-- The CRC is computed piece by piece: a chunk is not kept in memory.
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
  port.cut_short = port.due > 0
  local crc_sent = bytes.hex_number(sum.crc, 8)
  if crc_sent == event.crc then return true end
  return nil, expect.text { bytes = event.bytes, crc = crc_sent }
end

local function take_request(port, event)
  local asked = table.remove(port.requests, 1)
  if not asked then return false end
  local wanted = { event = "qmi", service = event.service, message = event.message, tlvs = event.tlvs }
  if json.encode(asked.fields) ~= json.encode(wanted) then return nil, expect.text(asked.fields) end
  port.asked = asked
  return true
end

--- Takes an event of the program (dir ">") from what a port received. Returns true when all of it was received, false
-- while a part is missing; or nil, what was received instead, and what was expected there if not the whole event.
function expect.take(port, event)
  if event.event == "qmi" then return take_request(port, event) end
  return (event.bytes and take_image or take_bytes)(port, event)
end

--- An event for people.
function expect.text(event)
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
