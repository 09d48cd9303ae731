-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A QMI port: the control service, and requests to the others (reference: qmi 1 and 2).

local answer = require "moonflash.sim.answer"
local bytes = require "moonflash.core.bytes"
local qmux = require "moonflash.sim.qmux"
local services = require "moonflash.sim.qmi_services"
local T = require("moonflash.sim.template").new

local bad = T "02 04 00 01 00 <code:2>"
local service_names = { [0] = "ctl", "wds", "dms", "nas", [5] = "wms", [11] = "uim", [26] = "wda" }
-- QMI errors (reference: qmi 6)
local malformed, ids_exhausted, bad_service, bad_client, not_ready, no_such_message = 1, 5, 31, 41, 52, 71

local function client_key(service, client) return service .. "/" .. client end

local control = {}
for id, tlvs in pairs(qmux.opening) do
  control[id] = function() return tlvs end
end

-- Allocate client id.
control[0x0022] = function(self, tlvs)
  local service = bytes.get_u8(tlvs[1] or "", 1)
  if not service then return nil, malformed end
  if not services[service_names[service]] then return nil, bad_service end
  if self.modem.faults:value "clients-exhausted" and not self.synced then return nil, ids_exhausted end
  local client = 1
  while self.clients[client_key(service, client)] do client = client + 1 end
  self.clients[client_key(service, client)] = true
  return T "01 02 00 <service:1> <client:1>":fill { service = service, client = client }
end

-- Release client id.
control[0x0023] = function(self, tlvs)
  local fields = T "<service:1> <client:1>":match(tlvs[1] or "")
  if not fields then return nil, malformed end
  local key = client_key(fields.service, fields.client)
  if not self.clients[key] then return nil, bad_client end
  self.clients[key] = nil
  return T "01 02 00 <service:1> <client:1>":fill(fields)
end

-- Sync: all clients of this host are forgotten.
control[0x0027] = function(self)
  self.clients, self.synced = {}, true
  return true
end

-- TLVs by type; nil when they are malformed or a type occurs twice.
local function read_tlvs(text)
  local list, tlvs = qmux.tlvs(text), {}
  for _, tlv in ipairs(list or {}) do
    if tlvs[tlv[1]] then return nil end
    tlvs[tlv[1]] = tlv[2]
  end
  return list and tlvs
end

local function note(self, asked, tlvs)
  local hex = {}
  for kind, value in pairs(tlvs or {}) do hex[bytes.hex_number(kind, 2)] = bytes.hex(value, " ") end
  self.modem.recorder:note("qmi", {
    port = self.port.name, service = service_names[asked.service], client = asked.client,
    transaction = asked.transaction, message = "0x" .. bytes.hex_number(asked.message, 4), tlvs = hex,
  })
end

-- The TLVs of a good answer, true for none; or nil and a QMI error.
local function handle(self, asked, tlvs, hits)
  if not tlvs then return nil, malformed end
  if hits.refuse then return nil, tonumber(hits.refuse) or malformed end
  local is_control = asked.service == qmux.CONTROL
  local refused = service_names[asked.service] == "dms" and self.modem.model.refused_messages[asked.message]
  if refused then return nil, refused end
  local handler = (is_control and control or services[service_names[asked.service]])[asked.message]
  if not handler then return nil, no_such_message end
  if is_control then return handler(self, tlvs) end
  if self.modem.loop:now() < self.modem.ready_at then return nil, not_ready end
  return handler(self.modem, tlvs)
end

local function violation(self, text)
  self.modem.recorder:violation("qmi", self.port.name .. ": " .. text)
end

-- The name of a message in faults; that of a DMS message is qmi.0048.
local function fault_name(asked)
  local service = service_names[asked.service]
  return (service == "dms" and "qmi" or service) .. "." .. bytes.hex_number(asked.message, 4)
end

local function serve(self, asked)
  local known = asked.service == qmux.CONTROL or self.clients[client_key(asked.service, asked.client)]
  if not known then return violation(self, ("service %d has no client %d"):format(asked.service, asked.client)) end
  local tlvs = read_tlvs(asked.tlvs)
  note(self, asked, tlvs)
  local hits = self.modem.faults:at(fault_name(asked))
  local more, code = handle(self, asked, tlvs, hits)
  local result = more and qmux.GOOD .. (more == true and "" or more) or bad:fill { code = code }
  local transaction = hits.sequence and (asked.transaction + 1) % 256 or nil
  answer(self.modem, self.port, qmux.frame(asked, result, transaction), hits)
end

--- Starts on a port.
-- @treturn function takes bytes from the host, in any split
return function(modem, port)
  local self = { modem = modem, port = port, clients = {} }
  return qmux.receiver(port, function(asked) serve(self, asked) end, function(text) violation(self, text) end)
end
