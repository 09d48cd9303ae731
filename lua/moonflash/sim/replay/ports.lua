--- The ports of a replayed modem. A port keeps the bytes or QMI requests that the program has sent and that
-- were not compared with the trace yet.

local failure = require "moonflash.base.failure"
local mbim = require "moonflash.sim.mbim"
local pty = require "moonflash.sim.pty"
local qmux = require "moonflash.sim.qmux"

local ports = {}

-- --- QMI -----------------------------------------------------------------------------------------

local SYNC = 0x0027

-- Answers of control requests that libqmi itself sends when it opens a port. They are in no trace.
local opening = { [SYNC] = qmux.GOOD }
for message, tlvs in pairs(qmux.opening) do opening[message] = qmux.GOOD .. tlvs end

local function take_request(self, port, asked)
  local own = asked.service == qmux.CONTROL and opening[asked.message]
  if own and not self.expects(asked.service, asked.message) then return port:send(qmux.frame(asked, own)) end
  asked.tlvs, asked.port = qmux.tlvs(asked.tlvs) or {}, port
  table.insert(self.requests, asked)
  self.changed()
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

-- Each makes the receiver of a port's bytes.
local receivers = {}

function receivers.qmi(self)
  return qmi_receiver(self, self.port)
end

function receivers.mbim(self)
  return mbim({ recorder = no_recorder }, self.port, function(_, port) return qmi_receiver(self, port) end)
end

function receivers.serial(self)
  return function(text)
    table.insert(self.input, text)
    self.changed()
  end
end

--- Opens the port of an interface.
-- @tparam table listener changed(): the program has sent something; expects(service, message)
-- @treturn table { number, kind, slave, port, input = { bytes }, requests = {} }
function ports.open(loop, interface, mode, listener)
  local kind = kind_of(interface, mode)
  local port = failure.try(pty.open(loop, kind))
  local self = {
    number = interface.number, kind = kind, slave = port.slave, port = port, input = {}, requests = {},
    changed = listener.changed, expects = listener.expects,
  }
  port.receive = (receivers[kind] or receivers.serial)(self)
  return self
end

return ports
