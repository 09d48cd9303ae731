--- QMUX on a QMI port: finds requests in the received bytes, and makes frames of answers (reference: qmi 1 and 2).

local bytes = require "moonflash.core.bytes"
local T = require("moonflash.sim.template").new

local qmux = {}
qmux.__index = qmux

qmux.CONTROL = 0

local LONGEST = 4096
local frame = T "01 <length:2> 00 <service:1> <client:1> <message>"
local control_request = T "00 <transaction:1> <message:2> <size:2> <tlvs>"
local request = T "00 <transaction:2> <message:2> <size:2> <tlvs>"
local control_answer = T "01 <length:2> 80 00 00 01 <transaction:1> <message:2> <size:2> <tlvs>"
local answer = T "01 <length:2> 80 <service:1> <client:1> 02 <transaction:2> <message:2> <size:2> <tlvs>"

--- The TLV of a good result.
qmux.GOOD = T "02 04 00 00 00 00 00":fill()

--- TLVs of answers to control requests that libqmi sends when it opens a port, by message.
qmux.opening = {
  [0x0020] = T "01 02 00 01 00":fill(), -- set instance id: the number of the link
  -- version info: 3 services, CTL 1.5, WDS 1.67, DMS 1.14
  [0x0021] = T "01 10 00 03 00 01 00 05 00 01 01 00 43 00 02 01 00 0e 00":fill(),
}

--- A parser for the bytes of one port.
-- @tparam table port its `closed` ends the parsing
-- @tparam function on_request called with { service, client, transaction, message, tlvs (bytes) }
-- @tparam function on_violation called with a text for bytes that are no request
function qmux.new(port, on_request, on_violation)
  return setmetatable({ port = port, on_request = on_request, on_violation = on_violation, rest = "" }, qmux)
end

local function parse(text)
  local outer, wrong = frame:match(text)
  if not outer then return nil, wrong end
  local fields
  fields, wrong = (outer.service == qmux.CONTROL and control_request or request):match(outer.message)
  if not fields then return nil, wrong end
  if fields.size ~= #fields.tlvs then return nil, "wrong length of TLVs" end
  fields.service, fields.client = outer.service, outer.client
  return fields
end

--- Takes received bytes, in any split.
function qmux:receive(text)
  self.rest = self.rest .. text
  while #self.rest >= 3 and not self.port.closed do
    local size = bytes.get_u16le(self.rest, 2) + 1
    if self.rest:byte() ~= 1 or size > LONGEST then
      self.rest = ""
      return self.on_violation "no QMUX frame"
    end
    if #self.rest < size then return end
    local asked, wrong = parse(self.rest:sub(1, size))
    self.rest = self.rest:sub(size + 1)
    if asked then self.on_request(asked) else self.on_violation(wrong) end
  end
end

--- The frame of an answer.
-- @tparam string tlvs bytes, the result among them
-- @tparam[opt] number transaction another one than the request's
function qmux.frame(asked, tlvs, transaction)
  local is_control = asked.service == qmux.CONTROL
  return (is_control and control_answer or answer):fill {
    service = asked.service, client = asked.client, transaction = transaction or asked.transaction,
    message = asked.message, size = #tlvs, tlvs = tlvs, length = #tlvs + (is_control and 11 or 12),
  }
end

--- TLVs in the order of the wire.
-- @treturn {{number,string},...} or nil when the last one is cut off
function qmux.tlvs(text)
  local list, at = {}, 1
  while at <= #text do
    local kind, size = bytes.get_u8(text, at), bytes.get_u16le(text, at + 1)
    if not size or at + 2 + size > #text then return nil end
    list[#list + 1] = { kind, text:sub(at + 3, at + 2 + size) }
    at = at + 3 + size
  end
  return list
end

return qmux
