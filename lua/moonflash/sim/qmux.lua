-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- QMUX on a QMI port: finds requests in the received bytes, and makes frames of answers (reference: qmi 1 and 2).

local bytes = require "moonflash.core.bytes"
local T = require("moonflash.sim.template").new

local qmux = {}

qmux.CONTROL = 0

local LONGEST = 4096
local frame = T "01 <length:2> 00 <service:1> <client:1> <message>"
local control_request = T "00 <transaction:1> <message:2> <tlvs:2s>"
local request = T "00 <transaction:2> <message:2> <tlvs:2s>"
local control_answer = T "01 <length:2> 80 00 00 01 <transaction:1> <message:2> <tlvs:2s>"
local answer = T "01 <length:2> 80 <service:1> <client:1> 02 <transaction:2> <message:2> <tlvs:2s>"
local first_tlv = T "<kind:1> <value:2s> <rest>"

--- The TLV of a good result.
qmux.GOOD = T "02 04 00 00 00 00 00":fill()

--- TLVs of answers to control requests that libqmi sends when it opens a port, by message.
qmux.opening = {
  [0x0020] = T "01 02 00 01 00":fill(), -- set instance id: the number of the link
  -- version info: 7 services, CTL 1.5, WDS 1.67, DMS 1.14, NAS 1.25, WMS 1.10, UIM 1.46, WDA 1.16
  [0x0021] = T [[01 24 00 07 00 01 00 05 00 01 01 00 43 00 02 01 00 0e 00 03 01 00 19 00 05 01 00 0a 00
                 0b 01 00 2e 00 1a 01 00 10 00]]:fill(),
}

local function parse(text)
  local outer, wrong = frame:match(text)
  if not outer then return nil, wrong end
  local fields
  fields, wrong = (outer.service == qmux.CONTROL and control_request or request):match(outer.message)
  if not fields then return nil, wrong end
  fields.service, fields.client = outer.service, outer.client
  return fields
end

--- Returns a function that takes the bytes of one port, in any split, until `port.closed`. on_request gets
-- { service, client, transaction, message, tlvs (bytes) }, on_violation a text for bytes that are no request.
function qmux.receiver(port, on_request, on_violation)
  local rest = ""
  return function(text)
    rest = rest .. text
    while #rest >= 3 and not port.closed do
      local size = bytes.get_u16le(rest, 2) + 1
      if rest:byte() ~= 1 or size > LONGEST then
        rest = ""
        return on_violation "no QMUX frame"
      end
      if #rest < size then return end
      local asked, wrong = parse(rest:sub(1, size))
      rest = rest:sub(size + 1)
      if asked then on_request(asked) else on_violation(wrong) end
    end
  end
end

--- The frame of an answer. The TLVs are bytes, the result among them. The transaction is the request's, or another.
function qmux.frame(asked, tlvs, transaction)
  local is_control = asked.service == qmux.CONTROL
  return (is_control and control_answer or answer):fill {
    service = asked.service, client = asked.client, transaction = transaction or asked.transaction,
    message = asked.message, tlvs = tlvs, length = #tlvs + (is_control and 11 or 12),
  }
end

--- TLVs in the order of the wire, { type, value } each, or nil when the last one is cut off.
function qmux.tlvs(text)
  local list = {}
  while text ~= "" do
    local tlv = first_tlv:match(text)
    if not tlv then return nil end
    list[#list + 1], text = { tlv.kind, tlv.value }, tlv.rest
  end
  return list
end

return qmux
