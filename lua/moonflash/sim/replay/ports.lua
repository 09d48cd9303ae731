-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The ports of a replayed modem. A port keeps the bytes or QMI requests that the program has sent and that
-- were not compared with the trace yet.

local failure = require "moonflash.base.failure"
local mbim = require "moonflash.sim.mbim"
local pty = require "moonflash.sim.pty"
local qmux = require "moonflash.sim.qmux"
local trace_ports = require "moonflash.trace.ports"

local ports = {}

-- --- QMI -----------------------------------------------------------------------------------------

local SYNC = 0x0027

-- Answers of control requests that libqmi itself sends when it opens a port. They are in no trace.
local opening = { [SYNC] = qmux.GOOD }
for message, tlvs in pairs(qmux.opening) do opening[message] = qmux.GOOD .. tlvs end

local function take_request(self, port, asked)
  local own = asked.service == qmux.CONTROL and opening[asked.message]
  if own and not self.modem:expects(asked.service, asked.message) then return port:send(qmux.frame(asked, own)) end
  asked.fields, asked.port = trace_ports.qmi_fields(asked.service, asked.message, qmux.tlvs(asked.tlvs) or {}), port
  asked.fields.event = "qmi"
  table.insert(self.requests, asked)
  self.modem:port_changed()
end

local function qmi_receiver(self, port)
  return qmux.receiver(port, function(asked) take_request(self, port, asked) end, function() end)
end

--- Answers a request.
function ports.answer(asked, tlvs)
  asked.port:send(qmux.frame(asked, tlvs))
end

-- --- opening -------------------------------------------------------------------------------------

-- The kind of an interface for moonflash.sim.usb. Serial ports differ in their names only.
local function kind_of(interface, mode)
  if interface.driver == "qmi_wwan" then return "qmi" end
  if interface.driver == "cdc_mbim" then return interface.control and "mbim" or "mbim_data" end
  return mode == "download" and "qdl" or "at"
end

local no_recorder = { note = function() end, violation = function() end }

-- The receiver of a port's bytes.
local function receiver_of(self)
  if self.kind == "qmi" then return qmi_receiver(self, self.port) end
  if self.kind == "mbim" then
    return mbim({ recorder = no_recorder }, self.port, function(_, inner) return qmi_receiver(self, inner) end)
  end
  return function(text)
    table.insert(self.input, text)
    self.modem:port_changed()
  end
end

--- Opens the port of an interface of a modem: { number, kind, port, input = { bytes }, requests = {} }.
function ports.open(modem, interface, mode)
  local kind = kind_of(interface, mode)
  local port = failure.try(pty.open(modem.loop, kind))
  local self = { modem = modem, number = interface.number, kind = kind, port = port, input = {}, requests = {} }
  port.receive = receiver_of(self)
  return self
end

return ports
