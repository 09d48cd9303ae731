--- Records what passes on serial and QMI ports, as events of a trace.

local bytes = require "moonflash.core.bytes"
local redact = require "moonflash.trace.redact"
local tap = require "moonflash.core.tap"

local ports = {}

-- --- serial ports: bytes, except image data, of which the trace has length and CRC-32 -----------------

local directions = { sent = ">", received = "<", image = ">", ended = "<" }

local MANY = 64 -- equal bytes: written once, with their number

local function write_bytes(trace, interface, direction, text)
  if text == "" then return end
  local fields = { ["if"] = interface, dir = direction, hex = bytes.hex(text, "") }
  if #text >= MANY and text == text:sub(1, 1):rep(#text) then
    fields.hex, fields.times = bytes.hex(text:sub(1, 1)), #text
  end
  trace:write("port", fields)
end

local function write_other(trace, interface, kind, size, sum)
  local fields = { ["if"] = interface, dir = directions[kind] }
  if kind == "image" then
    fields.bytes, fields.crc = size, bytes.hex_number(sum, 8)
  else
    fields.ended = true
  end
  trace:write("port", fields)
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

--- Records what passes on a channel.
-- @tparam table trace
-- @tparam userdata channel
-- @tparam number interface
-- @tparam boolean is_text whether its bytes are lines of text
-- @treturn userdata the channel to use from now on
function ports.serial(trace, channel, interface, is_text)
  local record = (is_text and lines or binary)(trace, interface)
  return tap.new(channel, function(kind, what, sum)
    if kind == "sent" or kind == "received" then return record(directions[kind], what) end
    write_other(trace, interface, kind, what, sum)
  end)
end

-- --- QMI ports: requests and answers as lists of TLVs ------------------------------------------------

local QmiPort = {}
QmiPort.__index = QmiPort

--- Records the requests to a QMI port and their answers.
-- @tparam table trace
-- @tparam userdata port of moonflash.core.qmi
-- @tparam number interface
-- @treturn table to be used instead of the port
function ports.qmi(trace, port, interface)
  return setmetatable({ trace = trace, port = port, interface = interface }, QmiPort)
end

--- The fields of a QMI event.
-- @tparam number service
-- @tparam number message
-- @tparam {{number,string},...} tlvs in the order of the wire
-- @treturn table service, message, tlvs = { "01 0a0b", ... }
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
  for number, value in pairs(answer) do tlvs[#tlvs + 1] = { number, value } end
  table.sort(tlvs, function(a, b) return a[1] < b[1] end)
  return tlvs
end

local function write_qmi(self, direction, fields)
  fields["if"], fields.dir = self.interface, direction
  self.trace:write("qmi", fields)
end

--- As of moonflash.core.qmi.
function QmiPort:request(service, client, message, tlvs, ms)
  write_qmi(self, ">", ports.qmi_fields(service, message, tlvs))
  local answer, problem = self.port:request(service, client, message, tlvs, ms)
  write_qmi(self, "<", answer and ports.qmi_fields(service, message, sorted(answer))
    or { failure = problem.code })
  return answer, problem
end

--- As of moonflash.core.qmi.
function QmiPort:close(ms)
  return self.port:close(ms)
end

return ports
