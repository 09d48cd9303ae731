-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The requests on endpoint 0: those of USB 2.0 chapter 9 and USB 3.2 chapter 9, of CDC 1.2, and of NCM 1.0 as MBIM 1.0
-- uses them.

local bytes = require "moonflash.core.bytes"
local pipe = require "moonflash.sim.usbip.pipe"
local T = require("moonflash.sim.template").new

local line_coding = T "00 c2 01 00 00 00 08":fill() -- 115200 baud, 8N1
-- 16-bit blocks of up to 16 KiB in both directions, alignment 4; the modem's own numbers are not known.
local block_parameters = T "1c 00 01 00 00 40 00 00 04 00 00 00 04 00 00 00 00 40 00 00 04 00 00 00 04 00 00 00":fill()
local block_size = block_parameters:sub(5, 8)

local descriptor_types = { device = 1, configuration = 2, text = 3, capabilities = 15 }

local function done()
  return ""
end

local function get(data)
  return function() return data end
end

local function get_descriptor(device, setup)
  local kind, index, known = setup:byte(4), setup:byte(3), device.descriptors
  if kind == descriptor_types.text then return known.strings[index] end
  if index ~= 0 then return nil end
  if kind == descriptor_types.device then return known.device end
  if kind == descriptor_types.configuration then return known.configuration end
  if kind == descriptor_types.capabilities then return known.capabilities end
end

local function interface_of(device, setup)
  return device.by_number[setup:byte(5)]
end

-- The requests, by bmRequestType and bRequest in hex: function(device, setup, data) -> the bytes of the answer, none
-- for an OUT request; nil: the request is not known, and endpoint 0 stalls.
local requests = {
  ["8006"] = get_descriptor,
  ["8000"] = get "\0\0", ["8100"] = get "\0\0", ["8200"] = get "\0\0", -- status
  ["0001"] = done, ["0003"] = done, ["0101"] = done, ["0103"] = done, -- features of device and interface
  ["0201"] = done, -- no endpoint is halted, so its halt is cleared
  ["0030"] = done, ["0031"] = done, -- exit latency, isochronous delay
  ["2120"] = done, ["2122"] = done, ["2123"] = done, ["a121"] = get(line_coding), -- lines and break of a serial port
  ["a180"] = get(block_parameters), ["a185"] = get(block_size), ["a183"] = get "\0\0",
  ["2184"] = done, ["2186"] = done, ["2188"] = done, ["a187"] = get "\220\5", -- a datagram: 1500 bytes
}

-- Get and set configuration
requests["8008"] = function(device) return bytes.u8(device.configuration) end
requests["0009"] = function(device, setup)
  if setup:byte(3) > 1 then return nil end
  device.configuration = setup:byte(3)
  device.on_configured()
  device.on_configured = done
  return ""
end

-- Get and set interface
requests["810a"] = function(device, setup)
  local interface = interface_of(device, setup)
  return interface and bytes.u8(interface.setting or 0)
end
requests["010b"] = function(device, setup)
  local interface, setting = interface_of(device, setup), setup:byte(3)
  if not interface or setting > (interface.kind == "mbim_data" and 1 or 0) then return nil end
  interface.setting = setting
  return ""
end

-- Send encapsulated command, get encapsulated response
requests["2100"] = function(device, setup, data)
  local interface = interface_of(device, setup)
  if not interface or not interface.port.is_control then return nil end
  return "", function() interface.port.receive(data) end
end
requests["a101"] = function(device, setup)
  local interface = interface_of(device, setup)
  if not interface or not interface.port.is_control then return nil end
  return pipe.response(interface.port, bytes.get_u16le(setup, 7)) or ""
end

--- Answers a request on endpoint 0.
-- @treturn string the bytes of the answer, none for an OUT request; nil when endpoint 0 stalls
-- @treturn function what to do after the answer was sent, nil for nothing
return function(device, request)
  local handler = requests[bytes.hex(request.setup:sub(1, 2), "")]
  if not handler then return nil end
  return handler(device, request.setup, request.data)
end
