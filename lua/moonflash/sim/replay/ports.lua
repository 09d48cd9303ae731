--- The ports of a replayed modem. A port keeps the bytes or QMI requests that the program has sent and that
-- were not compared with the trace yet.
-- @module moonflash.sim.replay.ports

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"
local mbim = require "moonflash.sim.mbim"
local pty = require "moonflash.sim.pty"
local T = require("moonflash.sim.template").new

local ports = {}

-- --- QMI -----------------------------------------------------------------------------------------

local QmiPort = {}
QmiPort.__index = QmiPort

local CONTROL = 0
local frame = T "01 <length:2> 00 <service:1> <client:1> <message>"
local control_request = T "00 <transaction:1> <message:2> <size:2> <tlvs>"
local request = T "00 <transaction:2> <message:2> <size:2> <tlvs>"
local control_answer = T "01 <length:2> 80 00 00 01 <transaction:1> <message:2> <size:2> <tlvs>"
local answer = T "01 <length:2> 80 <service:1> <client:1> 02 <transaction:2> <message:2> <size:2> <tlvs>"

-- Requests that libqmi itself sends when it opens a port. They are in no trace.
local good = "02 04 00 00 00 00 00"
local opening = {
  [0x0020] = T(good .. " 01 02 00 01 00"), -- set instance id
  -- version info: 3 services, CTL 1.5, WDS 1.67, DMS 1.14
  [0x0021] = T(good .. " 01 10 00 03 00 01 00 05 00 01 01 00 43 00 02 01 00 0e 00"),
  [0x0027] = T(good), -- sync
}

local function new_qmi_port(self, port)
  return setmetatable({ owner = self, port = port, rest = "" }, QmiPort)
end

--- Answers a request.
-- @tparam table asked the request
-- @tparam string tlvs bytes
function QmiPort:answer(asked, tlvs)
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

local function take_request(self, outer)
  local template = outer.service == CONTROL and control_request or request
  local asked = template:match(outer.message)
  if not asked then return end
  asked.service, asked.client, asked.tlvs = outer.service, outer.client, split(asked.tlvs)
  local own = asked.service == CONTROL and opening[asked.message]
  if own and not self.owner.expects(asked.service, asked.message) then return self:answer(asked, own:fill()) end
  table.insert(self.owner.requests, asked)
  self.owner.changed()
end

--- Takes bytes from the program, in any split.
function QmiPort:receive(text)
  local rest = self.rest .. text
  local size = (bytes.get_u16le(rest, 2) or #rest) + 1
  while #rest >= size and not self.port.closed do
    local outer = frame:match(rest:sub(1, size))
    if outer then take_request(self, outer) end
    rest = rest:sub(size + 1)
    size = (bytes.get_u16le(rest, 2) or #rest) + 1
  end
  self.rest = rest
end

-- --- opening -------------------------------------------------------------------------------------

-- The kind of an interface for moonflash.sim.usb. Serial ports differ in their names only.
local function kind_of(interface, mode)
  if interface.driver == "qmi_wwan" then return "qmi" end
  if interface.driver == "cdc_mbim" then return interface.control and "mbim" or "mbim_data" end
  return mode == "download" and "qdl" or "at"
end

local no_recorder = { note = function() end, violation = function() end }

-- Returns the receiver of the port's bytes, and what answers QMI requests.
local receivers = {}

function receivers.qmi(self)
  local qmi = new_qmi_port(self, self.port)
  return qmi, qmi
end

function receivers.mbim(self)
  local outer = mbim.new({ recorder = no_recorder }, self.port)
  outer.qmi = new_qmi_port(self, outer.qmi.port)
  return outer, outer.qmi
end

function receivers.serial(self)
  return { receive = function(_, text)
    table.insert(self.input, text)
    self.changed()
  end }
end

--- Opens the port of an interface.
-- @tparam table loop
-- @tparam table interface of a trace
-- @tparam string mode of the modem
-- @tparam table listener changed(): the program has sent something; expects(service, message)
-- @treturn table { number, kind, slave, port, input = { bytes }, requests = {}, qmi = for a control port }
function ports.open(loop, interface, mode, listener)
  local kind = kind_of(interface, mode)
  local port = failure.try(pty.open(loop, kind))
  local self = {
    number = interface.number, kind = kind, slave = port.slave, port = port, input = {}, requests = {},
    changed = listener.changed, expects = listener.expects,
  }
  local receiver
  receiver, self.qmi = (receivers[kind] or receivers.serial)(self)
  port.receive = function(text) receiver:receive(text) end
  return self
end

return ports
