--- A QMI port of the modem: QMUX frames, the control service, clients (reference: qmi 1 and 2).
-- The messages of the other services are in moonflash.sim.qmi_services and moonflash.sim.nas.
-- @module moonflash.sim.qmi

local core_bytes = require "moonflash.core.bytes"
local dms = require "moonflash.sim.qmi_services"
local nas = require "moonflash.sim.nas"
local T = require("moonflash.sim.template").new
local wire = require "moonflash.sim.answer"

local qmi = {}
qmi.__index = qmi

local frame = T "01 <length:2> 00 <service:1> <client:1> <message>"
local control_request = T "00 <transaction:1> <message:2> <size:2> <tlvs>"
local request = T "00 <transaction:2> <message:2> <size:2> <tlvs>"
local control_answer = T "01 <length:2> 80 00 00 01 <transaction:1> <message:2> <size:2> <tlvs>"
local answer = T "01 <length:2> 80 <service:1> <client:1> 02 <transaction:2> <message:2> <size:2> <tlvs>"
local good = T "02 04 00 00 00 00 00"
local bad = T "02 04 00 01 00 <code:2>"

local control, device_management, network_access = 0, 2, 3
local service_names = { [control] = "ctl", [device_management] = "dms", [network_access] = "nas" }
local services = { [device_management] = dms, [network_access] = nas }
local malformed, ids_exhausted, bad_service, bad_client, not_ready, no_such_message = 1, 5, 31, 41, 52, 71
local longest = 4096

--- Begins a conversation on a port.
-- @tparam modem modem
-- @tparam port port
function qmi.new(modem, port)
  return setmetatable({ modem = modem, port = port, rest = "", clients = {} }, qmi)
end

local function client_key(service, client) return service .. "/" .. client end

local messages = {
  [0x0020] = T "01 02 00 01 00", -- set instance id: the link's number
  -- version info: 3 services: CTL 1.5, WDS 1.67, DMS 1.14
  [0x0021] = T "01 10 00 03 00 01 00 05 00 01 01 00 43 00 02 01 00 0e 00",
}
local control_messages = {}
for id, template in pairs(messages) do
  control_messages[id] = function() return template:fill() end
end

-- Allocate client id.
control_messages[0x0022] = function(self, tlvs)
  local service = core_bytes.get_u8(tlvs[1] or "", 1)
  if not service then return nil, malformed end
  if not services[service] then return nil, bad_service end
  if self.modem.faults:value "clients-exhausted" and not self.synced then return nil, ids_exhausted end
  local client = 1
  while self.clients[client_key(service, client)] do client = client + 1 end
  self.clients[client_key(service, client)] = true
  return T "01 02 00 <service:1> <client:1>":fill { service = service, client = client }
end

-- Release client id.
control_messages[0x0023] = function(self, tlvs)
  local fields = T "<service:1> <client:1>":match(tlvs[1] or "")
  if not fields then return nil, malformed end
  local key = client_key(fields.service, fields.client)
  if not self.clients[key] then return nil, bad_client end
  self.clients[key] = nil
  return T "01 02 00 <service:1> <client:1>":fill(fields)
end

-- Sync: all clients of this host are forgotten.
control_messages[0x0027] = function(self)
  self.clients, self.synced = {}, true
  return ""
end

local function read_tlvs(text)
  local tlvs, at = {}, 1
  while at <= #text do
    local kind, size = core_bytes.get_u8(text, at), core_bytes.get_u16le(text, at + 1)
    if not size or at + 2 + size > #text or tlvs[kind] then return nil end
    tlvs[kind] = text:sub(at + 3, at + 2 + size)
    at = at + 3 + size
  end
  return tlvs
end

local function note(self, service, client, fields, tlvs)
  local hex = {}
  for kind, value in pairs(tlvs or {}) do
    hex[core_bytes.hex_number(kind, 2)] = core_bytes.hex(value, " ")
  end
  self.modem.recorder:note("qmi", {
    port = self.port.name, service = service_names[service] or service, client = client,
    transaction = fields.transaction, message = "0x" .. core_bytes.hex_number(fields.message, 4), tlvs = hex,
  })
end

local function handle(self, service, fields, tlvs, hits)
  if not tlvs then return nil, malformed end
  if hits.refuse then return nil, tonumber(hits.refuse) or malformed end
  local handler = (service == control and control_messages or services[service])[fields.message]
  if not handler then return nil, no_such_message end
  if service == control then return handler(self, tlvs) end
  if not self.modem:is_ready() then return nil, not_ready end
  return handler(self.modem, tlvs)
end

local function reply(self, service, client, fields, result, hits)
  local transaction = hits.sequence and (fields.transaction + 1) % 256 or fields.transaction
  local values = {
    service = service, client = client, transaction = transaction, message = fields.message,
    size = #result, tlvs = result, length = #result + (service == control and 11 or 12),
  }
  local template = service == control and control_answer or answer
  wire.answer(self.modem, self.port, template:fill(values), hits)
end

local function violation(self, text)
  self.modem.recorder:violation("qmi", self.port.name .. ": " .. text)
end

local function serve(self, outer)
  local template = outer.service == control and control_request or request
  local fields, wrong = template:match(outer.message)
  if not fields then return violation(self, wrong) end
  if fields.size ~= #fields.tlvs then return violation(self, "wrong length of TLVs") end
  local known = outer.service == control or self.clients[client_key(outer.service, outer.client)]
  if not known then
    return violation(self, ("service %d has no client %d"):format(outer.service, outer.client))
  end
  local tlvs = read_tlvs(fields.tlvs)
  note(self, outer.service, outer.client, fields, tlvs)
  local name = ({ ctl = "ctl.", nas = "nas." })[service_names[outer.service]] or "qmi."
  local hits = self.modem.faults:at(name .. core_bytes.hex_number(fields.message, 4))
  local more, code = handle(self, outer.service, fields, tlvs, hits)
  local result = more and good:fill() .. more or bad:fill { code = code }
  reply(self, outer.service, outer.client, fields, result, hits)
end

--- Takes what came from the host, in any split.
function qmi:receive(bytes)
  local rest = self.rest .. bytes
  while #rest >= 3 and not self.port.closed do
    local size = core_bytes.get_u16le(rest, 2) + 1
    if rest:byte() ~= 1 or size > longest then
      violation(self, "no QMUX frame")
      rest = ""
    elseif #rest < size then
      break
    else
      local outer, wrong = frame:match(rest:sub(1, size))
      if outer then serve(self, outer) else violation(self, wrong) end
      rest = rest:sub(size + 1)
    end
  end
  self.rest = rest
end

return qmi
