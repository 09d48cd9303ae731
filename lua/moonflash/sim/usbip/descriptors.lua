-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The USB descriptors of a modem, made from its interfaces (reference: devices 1 and 2).
--
-- A listing of a Dell DW5811e on SuperSpeed in composition 8 (github.com/4IceG/luci-app-3ginfo-lite, issue 37) has the
-- classes, endpoints, packet sizes, intervals, attributes, the power, and the revision 0.06; one of an MC7455 at high
-- speed (forum.gl-inet.com, thread 20102) has USB 2.1. A loader has bulk packets of 64 bytes at high speed, against
-- USB 2 (forum.sierrawireless.com, thread 15170). Not known: the functional descriptors (here those that other modems
-- with Qualcomm's chips have); the endpoints of QMI (here by the same rule as the others); attributes and power of the
-- loader; all of this for 9x15. An EM7565 (github.com/geerlingguy/pi-router, issue 1) has USB 3.1, 896 mA and the
-- endpoints 86 and 8e of MBIM instead, which is not simulated.

local bytes = require "moonflash.core.bytes"
local T = require("moonflash.sim.template").new

local descriptors = {}

local SUPER_SPEED = 5000

local vendor = { 0xff, 0xff, 0xff }
-- Header, call management, abstract control, union.
local serial_functions = T "05 24 00 10 01 05 24 01 00 00 04 24 02 02 05 24 06 00 00"
-- Header; union of both interfaces; MBIM 1.0: messages of 4096 bytes, 32 filters of 128 bytes, segments of 2048 bytes;
-- MBIM extended 1.0: 64 commands at once, an MTU of 1500 bytes.
local mbim_functions = T [[05 24 00 10 01 05 24 06 <number:1> <data:1> 0c 24 1b 00 01 00 10 20 80 00 08 20
                           08 24 1c 00 01 40 dc 05]]
local mbim_association = T "08 0b <number:1> 02 02 0e 00 00" -- both interfaces are one function

-- class: class, subclass and protocol. notice: the packet size of the interrupt endpoint. bulk: the packet size at high
-- speed. alternate: the bulk endpoints are those of setting 1.
local serial = { class = { 0xff, 0, 0 }, functions = serial_functions, notice = 10, bulk = 512 }
local kinds = {
  diag = { class = vendor, bulk = 512 }, nmea = serial, at = serial,
  qmi = { class = vendor, notice = 8, bulk = 512 },
  mbim = { association = mbim_association, class = { 0x02, 0x0e, 0x00 }, functions = mbim_functions, notice = 64 },
  mbim_data = { class = { 0x0a, 0x00, 0x02 }, alternate = true, bulk = 512 },
  qdl = { class = vendor, bulk = 64 }, sahara = { class = vendor, bulk = 512 },
}

local BULK, INTERRUPT = 2, 3
local every_32_ms = 9 -- 2^8 microframes of 125 us
local endpoint = T "07 05 <address:1> <type:1> <size:2> <interval:1>"
local companion = T "06 30 00 00 <bytes:2>" -- of an endpoint at SuperSpeed
local interface_of = T "09 04 <number:1> <setting:1> <endpoints:1> <class:1> <subclass:1> <protocol:1> 00"
local configuration = T "09 02 <length:2> <interfaces:1> 01 00 a0 <power:1> <rest>" -- remote wakeup
local device_of = T "12 01 <usb:2> 00 00 00 <packet:1> <vid:2> <pid:2> 06 00 01 02 <serial:1> 01"
-- Link power management of USB 2; at SuperSpeed also the speeds and the exit latencies, which are not known.
local capabilities = {
  [480] = T "05 0f 0c 00 01 07 10 02 02 00 00 00":fill(),
  [SUPER_SPEED] = T "05 0f 16 00 02 07 10 02 02 00 00 00 0a 10 03 00 0e 00 01 0a ff 07":fill(),
}
local english = T "04 03 09 04":fill()

--- Numbers the endpoints of a device: interface.endpoints = { bulk_in, bulk_out, interrupt }, addresses. IN and OUT
-- are counted apart; the interrupt endpoint comes after bulk in, that of MBIM after that of its data.
function descriptors.number(interfaces)
  local ins, outs = 128, 0
  local function next_in()
    ins = ins + 1
    return ins
  end
  for index, interface in ipairs(interfaces) do
    local kind, before = kinds[interface.kind], interfaces[index - 1]
    local noticed = interface.kind == "mbim_data" and before or interface.kind ~= "mbim" and interface
    interface.endpoints = {}
    if kind.bulk then
      outs = outs + 1
      interface.endpoints.bulk_in, interface.endpoints.bulk_out = next_in(), outs
    end
    if noticed and kinds[noticed.kind].notice then noticed.endpoints.interrupt = next_in() end
  end
end

local function endpoint_bytes(device, address, kind, size, interval)
  local plain = endpoint:fill { address = address, type = kind, size = size, interval = interval }
  if device.speed ~= SUPER_SPEED then return plain end
  return plain .. companion:fill { bytes = kind == INTERRUPT and size or 0 }
end

local function endpoints_bytes(device, interface)
  local kind, own, out = kinds[interface.kind], interface.endpoints, {}
  if own.interrupt then
    out[1] = endpoint_bytes(device, own.interrupt, INTERRUPT, kind.notice, every_32_ms)
  end
  local size = device.speed == SUPER_SPEED and 1024 or kind.bulk
  for _, address in ipairs { own.bulk_in, own.bulk_out } do
    out[#out + 1] = endpoint_bytes(device, address, BULK, size, 0)
  end
  return out
end

local function interface_bytes(device, interface)
  local kind, endpoints = kinds[interface.kind], endpoints_bytes(device, interface)
  local function setting(number, list, functions)
    return interface_of:fill {
      number = interface.number, setting = number, endpoints = #list,
      class = kind.class[1], subclass = kind.class[2], protocol = kind.class[3],
    } .. (functions or "") .. table.concat(list)
  end
  if kind.alternate then return setting(0, {}) .. setting(1, endpoints) end
  local numbers = { number = interface.number, data = interface.number + 1 }
  return (kind.association and kind.association:fill(numbers) or "")
    .. setting(0, endpoints, kind.functions and kind.functions:fill(numbers))
end

local function configuration_bytes(device)
  local parts = {}
  for index, interface in ipairs(device.interfaces) do parts[index] = interface_bytes(device, interface) end
  local rest = table.concat(parts)
  return configuration:fill {
    length = 9 + #rest, interfaces = #device.interfaces, rest = rest,
    power = device.speed == SUPER_SPEED and 63 or 250, -- units of 8 and of 2 mA: 504 and 500 mA
  }
end

-- A character of UTF-8 as one of UTF-16; those of four bytes do not occur.
local function utf16(character)
  local first, second, third = character:byte(1, 3)
  if third then return bytes.u16le((first - 224) * 4096 + (second - 128) * 64 + third - 128) end
  return bytes.u16le(second and (first - 192) * 64 + second - 128 or first)
end

local function string_bytes(text)
  local characters = text:gsub("[%z\1-\127\192-\239][\128-\191]*", utf16)
  return bytes.u8(#characters + 2) .. "\3" .. characters
end

--- The descriptors of a device (moonflash.sim.interfaces) whose endpoints are numbered: device, configuration and
-- capabilities as bytes, strings by index from 0 on.
function descriptors.of(device)
  local super = device.speed == SUPER_SPEED
  return {
    device = device_of:fill {
      usb = super and 0x0300 or 0x0210, packet = super and 9 or 64, -- at SuperSpeed a power of two
      vid = tonumber(device.vid, 16), pid = tonumber(device.pid, 16), serial = device.serial == "" and 0 or 3,
    },
    configuration = configuration_bytes(device), capabilities = capabilities[device.speed],
    strings = { [0] = english, string_bytes(device.manufacturer), string_bytes(device.product),
      string_bytes(device.serial) },
  }
end

--- Class, subclass and protocol of an interface.
function descriptors.class(interface)
  return kinds[interface.kind].class
end

return descriptors
