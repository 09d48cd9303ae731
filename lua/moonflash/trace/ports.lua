-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Records what passes on serial and QMI ports, as events of a trace.

local bytes = require "moonflash.core.bytes"
local redact = require "moonflash.trace.redact"
local tables = require "moonflash.base.table"
local tap = require "moonflash.core.tap"

local ports = {}

local function write(trace, event, interface, direction, fields)
  fields["if"], fields.dir = interface, direction
  trace:write(event, fields)
end

-- --- serial ports: bytes, except image data, of which the trace has length and CRC-32 -----------------

local MANY = 64 -- equal bytes: written once, with their number

local function write_bytes(trace, interface, direction, text)
  if text == "" then return end
  local first = text:sub(1, 1)
  local is_one = #text >= MANY and text == first:rep(#text)
  write(trace, "port", interface, direction,
    { hex = bytes.hex(is_one and first or text, ""), times = is_one and #text or nil })
end

local function binary(trace, interface)
  return function(direction, text) write_bytes(trace, interface, direction, redact.text(text)) end
end

-- Identifiers can be found in whole lines only. An incomplete line is held back until it is complete, or
-- until the next other event; then all its digits are zeroed.
local function lines(trace, interface)
  local rest, of = "", nil
  local function flush()
    local text = rest
    rest, trace.flush_line = "", nil
    write_bytes(trace, interface, of, redact.serial(text))
  end
  return function(direction, text)
    if direction ~= of then trace:flush() end
    trace.flush_line = nil
    local whole, more = (rest .. text):match "^(.*[\r\n])(.*)$"
    of, rest = direction, more or rest .. text
    if whole then write_bytes(trace, interface, direction, redact.at_lines(whole)) end
    trace.flush_line = rest ~= "" and flush or nil
  end
end

--- Records what passes on a channel; is_text: its bytes are lines of text. Returns the channel to use from now on.
function ports.serial(trace, channel, interface, is_text)
  local record = (is_text and lines or binary)(trace, interface)
  local recorders = {
    sent = function(text) record(">", text) end,
    received = function(text) record("<", text) end,
    image = function(size, crc)
      write(trace, "port", interface, ">", { bytes = size, crc = bytes.hex_number(crc, 8) })
    end,
    ended = function() write(trace, "port", interface, "<", { ended = true }) end,
  }
  return tap.new(channel, function(kind, ...) recorders[kind](...) end)
end

-- --- QMI ports: requests and answers as lists of TLVs ------------------------------------------------

--- The fields of a QMI event: service, message, tlvs = { "01 0a0b", ... }, made of { number, bytes } in the order of
-- the wire.
function ports.qmi_fields(service, message, tlvs)
  local fields = { service = service, message = "0x" .. bytes.hex_number(message, 4), tlvs = {} }
  for index, tlv in ipairs(tlvs) do
    local value = redact.tlv(service, message, tlv[1], tlv[2])
    fields.tlvs[index] = bytes.hex_number(tlv[1], 2) .. " " .. bytes.hex(value, "")
  end
  return fields
end

local function sorted(answer)
  local tlvs = {}
  for index, number in ipairs(tables.sorted_keys(answer)) do tlvs[index] = { number, answer[number] } end
  return tlvs
end

--- Records the requests to a port of moonflash.core.qmi and their answers. Returns the port to use from now on.
function ports.qmi(trace, port, interface)
  local recorded = {}
  function recorded.request(_, service, client, message, tlvs, ms)
    write(trace, "qmi", interface, ">", ports.qmi_fields(service, message, tlvs))
    local answer, problem = port:request(service, client, message, tlvs, ms)
    write(trace, "qmi", interface, "<",
      answer and ports.qmi_fields(service, message, sorted(answer)) or { failure = problem.code })
    return answer, problem
  end
  function recorded.close(_, ms)
    return port:close(ms)
  end
  return recorded
end

return ports
