--- The ports of a replayed modem: what has come on each and was not yet expected.
-- @module moonflash.sim.replay.ports

local failure = require "moonflash.base.failure"
local mbim = require "moonflash.sim.mbim"
local qmux = require "moonflash.sim.replay.qmux"
local sim_port = require "moonflash.sim.pty"

local ports = {}

-- What an interface is to the simulator's USB, by driver; serial ports differ in name only.
local function kind_of(interface, mode)
  if interface.driver == "qmi_wwan" then return "qmi" end
  if interface.driver == "cdc_mbim" then return interface.control and "mbim" or "mbim_data" end
  return mode == "download" and "qdl" or "at"
end

local silent = { note = function() end, violation = function() end }

-- Requests come out of the frames of a control port, plain or inside of MBIM.
local function control(self, port, kind)
  local function came(request)
    self.requests[#self.requests + 1] = request
    self.changed()
  end
  if kind == "qmi" then
    self.speaker = qmux.new(port, self.expects, came)
    return self.speaker
  end
  local outer = mbim.new({ recorder = silent }, port)
  self.speaker = qmux.new(outer.qmi.port, self.expects, came)
  outer.qmi = self.speaker
  return outer
end

local function serial(self)
  return { receive = function(_, bytes)
    self.input[#self.input + 1] = bytes
    self.changed()
  end }
end

--- Opens the port of an interface.
-- @tparam table loop
-- @tparam table interface as a trace has it
-- @tparam string mode of the modem
-- @tparam table listener changed(): something came; expects(service, message)
-- @treturn table { number, kind, slave, port, input = { bytes }, requests = {}, speaker? }
function ports.open(loop, interface, mode, listener)
  local kind = kind_of(interface, mode)
  local port = failure.try(sim_port.open(loop, kind))
  local self = {
    number = interface.number, kind = kind, slave = port.slave, port = port, input = {}, requests = {},
    changed = listener.changed, expects = listener.expects,
  }
  local speaker = (kind == "qmi" or kind == "mbim") and control(self, port, kind) or serial(self)
  port.receive = function(bytes) speaker:receive(bytes) end
  return self
end

return ports
