--- The modem's side of a QMI port in a replay: finds requests in the bytes that come, and makes
-- answers of TLVs. What libqmi says by itself while it opens a port stands in no trace, and is
-- answered here.
-- @module moonflash.sim.replay.qmux

local bytes = require "moonflash.core.bytes"
local T = require("moonflash.sim.template").new

local qmux = {}
qmux.__index = qmux

local CONTROL = 0
local frame = T "01 <length:2> 00 <service:1> <client:1> <message>"
local control_request = T "00 <transaction:1> <message:2> <size:2> <tlvs>"
local request = T "00 <transaction:2> <message:2> <size:2> <tlvs>"
local control_answer = T "01 <length:2> 80 00 00 01 <transaction:1> <message:2> <size:2> <tlvs>"
local answer = T "01 <length:2> 80 <service:1> <client:1> 02 <transaction:2> <message:2> <size:2> <tlvs>"

local good = "02 04 00 00 00 00 00"
-- Set instance id; version info: 3 services, CTL 1.5, WDS 1.67, DMS 1.14; sync.
local opening = {
  [0x0020] = T(good .. " 01 02 00 01 00"),
  [0x0021] = T(good .. " 01 10 00 03 00 01 00 05 00 01 01 00 43 00 02 01 00 0e 00"),
  [0x0027] = T(good),
}

--- Begins on a port.
-- @tparam table port of moonflash.sim.pty
-- @tparam function expects whether a request to this service with this id is expected next
-- @tparam function came called with each request that is not libqmi's own
function qmux.new(port, expects, came)
  return setmetatable({ port = port, expects = expects, came = came, rest = "" }, qmux)
end

--- Answers a request.
-- @tparam table asked the request
-- @tparam string tlvs bytes
function qmux:answer(asked, tlvs)
  local template = asked.service == CONTROL and control_answer or answer
  self.port:send(template:fill {
    service = asked.service, client = asked.client, transaction = asked.transaction, message = asked.message,
    size = #tlvs, tlvs = tlvs, length = #tlvs + (asked.service == CONTROL and 11 or 12),
  })
end

-- TLVs in the order of the wire: { { type, value }, ... }.
local function split(text)
  local tlvs, at = {}, 1
  while at <= #text do
    local kind, size = bytes.get_u8(text, at), bytes.get_u16le(text, at + 1)
    if not size then break end
    tlvs[#tlvs + 1] = { kind, text:sub(at + 3, at + 2 + size) }
    at = at + 3 + size
  end
  return tlvs
end

local function serve(self, outer)
  local template = outer.service == CONTROL and control_request or request
  local asked = template:match(outer.message)
  if not asked then return end
  asked.service, asked.client, asked.tlvs = outer.service, outer.client, split(asked.tlvs)
  local own = asked.service == CONTROL and opening[asked.message]
  if own and not self.expects(asked.service, asked.message) then return self:answer(asked, own:fill()) end
  self.came(asked)
end

--- Takes what came from the host, in any split.
function qmux:receive(text)
  local rest = self.rest .. text
  local size = (bytes.get_u16le(rest, 2) or #rest) + 1
  while #rest >= size and not self.port.closed do
    local outer = frame:match(rest:sub(1, size))
    if outer then serve(self, outer) end
    rest = rest:sub(size + 1)
    size = (bytes.get_u16le(rest, 2) or #rest) + 1
  end
  self.rest = rest
end

return qmux
