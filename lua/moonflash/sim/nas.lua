--- Network access messages by id, as in moonflash.sim.qmi_services: what a script may want to look at before it
-- takes a modem out of service (libqmi: qmi-service-nas.json).
-- @module moonflash.sim.nas

local bytes = require "moonflash.core.bytes"
local T = require("moonflash.sim.template").new

local nas = {}

local LTE = 8

-- Get Signal Strength: -67 dBm on LTE; no radio, no signal
nas[0x0020] = function(modem)
  local dbm = modem.power == 0 and 256 - 67 or 256 - 125
  return T "01 02 00 <dbm:1> <radio:1>":fill { dbm = dbm, radio = LTE }
end

-- Get Home Network: the test network 001 01
nas[0x0025] = function()
  local name = "Test"
  local value = bytes.u16le(1) .. bytes.u16le(1) .. bytes.u8(#name) .. name
  return T "01 <size:2> <value>":fill { size = #value, value = value }
end

return nas
