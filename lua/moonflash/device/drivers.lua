-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Kernel drivers: which interface needs which, what its node is for, and which OpenWrt package has the driver.
-- Interface numbers are the "Sierra layout" of the kernel's qcserial.c and qmi_wwan.c.

local channel = require "moonflash.device.channel"

local drivers = {}

-- `option` and the generic driver serve a modem whose ids the user wrote to their new_id.
local serial = { qcserial = true, option = true, usbserial_generic = true, GobiSerial = true }

local control = { qmi_wwan = "qmi", cdc_mbim = "mbim" }

-- Drivers of further interfaces of a modem, whose nodes are not used.
local others = { GobiNet = true, cdc_acm = true, cdc_ether = true, cdc_ncm = true, rndis_host = true }

-- Serial ports in application mode, by interface number.
local ports = { [0] = "diag", [2] = "nmea", [3] = "at" }

-- The same in two compositions of the EM7565 (reference: firehose 2).
local own_ports = {
  ["1199:90b1"] = { [2] = "at", [3] = "nmea", [4] = "diag" },
  ["1199:90c3"] = { [0] = "at", [1] = "nmea", [2] = "diag" },
}

-- Interfaces that need a driver: class and, except for MBIM, number.
local needs = {
  { class = "ff", numbers = { [0] = true, [2] = true, [3] = true },
    module = "qcserial", package = "kmod-usb-serial-qualcomm" },
  { class = "ff", numbers = { [8] = true, [10] = true },
    module = "qmi_wwan", package = "kmod-usb-net-qmi-wwan" },
  { class = "02", module = "cdc_mbim", package = "kmod-usb-net-cdc-mbim" },
}

local function need(interface)
  for _, rule in ipairs(needs) do
    if interface.class == rule.class and (not rule.numbers or rule.numbers[interface.number]) then
      return rule
    end
  end
end

-- --- serial ports: their ttys, or the interfaces themselves over USB ----------------------------------------

-- Whether an interface is for a serial driver, and no other driver has it: usbfs is another program or a virtual
-- machine.
local function may_be_serial(interface)
  local rule = need(interface)
  return rule and rule.module == "qcserial" and (not interface.driver or serial[interface.driver])
end

local function any(interfaces, holds)
  for _, interface in ipairs(interfaces) do
    if holds(interface) then return true end
  end
  return false
end

local function has_serial_driver(interface) return serial[interface.driver] end

--- How the serial ports of a device are reached, "tty" or "usb", when "tty", "usb" or "auto" (nil) is `wanted`: by auto
-- their ttys when a serial driver has one, else USB where that can be spoken (moonflash.device.channel).
function drivers.transport(dev, wanted)
  if wanted == "tty" or wanted == "usb" then return wanted end
  local is_free = not any(dev.interfaces, has_serial_driver) and any(dev.interfaces, may_be_serial)
  return is_free and not channel.lacks_usb(dev.root) and "usb" or "tty"
end

-- A serial driver knows by its ids what the interfaces of a device are. Over USB a model tells it, or the form of a
-- loader.
local function is_known(dev)
  if dev.mode == "download" then return drivers.is_surely_loader(dev) end
  return dev.model ~= nil
end

local function serial_port(dev, interface)
  if dev.transport ~= "usb" then
    return interface.class == "ff" and serial[interface.driver] and interface.tty or nil
  end
  local is_free = may_be_serial(interface) and is_known(dev) and not channel.lacks_usb(dev.root)
  return is_free and channel.usb_address(dev.place, interface.number) or nil
end

--- The interfaces that need a driver and have none, or one that gives no port, as usbfs of a virtual machine: array of
-- { kind = "driver", interface, module, package (of OpenWrt), holder = the other driver, over_usb = true where the
-- interface is reached without one }. The transport of the device is known.
function drivers.missing(dev)
  local missing = {}
  for _, interface in ipairs(dev.interfaces) do
    local rule, holder = need(interface), interface.driver
    if rule and not (serial[holder] or control[holder] or others[holder]) then
      missing[#missing + 1] = { kind = "driver", interface = interface.number,
        module = rule.module, package = rule.package, holder = holder,
        over_usb = dev.transport == "usb" and serial_port(dev, interface) ~= nil or nil }
    end
  end
  return missing
end

local function application_nodes(nodes, dev)
  for _, interface in ipairs(dev.interfaces) do
    local list = nodes[control[interface.driver]]
    if list and interface.control then list[#list + 1] = interface.control end
    local port = (own_ports[dev.vid .. ":" .. dev.pid] or ports)[interface.number]
    if port then nodes[port] = serial_port(dev, interface) end
  end
end

--- Whether the interfaces of a device are those of a loader: one, number 0, vendor specific, with two endpoints
-- (reference: qcserial). A port of anything else must not get bytes that are meant for a loader.
function drivers.is_loader(dev)
  local one = dev.interfaces[1] or { number = 0, class = "ff" }
  return dev.interface_count == 1 and one.number == 0 and one.class == "ff" and (one.endpoints or 2) == 2
end

--- Whether a device is a loader by its interfaces alone: they have been read, and nothing of them is unknown.
function drivers.is_surely_loader(dev)
  return drivers.is_loader(dev) and dev.interfaces[1] ~= nil and dev.interfaces[1].endpoints ~= nil
end

--- Whether a device shows nothing but USB storage: the installer of a modem that has not been switched yet.
function drivers.is_disc(dev)
  for _, interface in ipairs(dev.interfaces or {}) do
    if interface.class ~= "08" then return false end
  end
  return dev.interfaces ~= nil and dev.interfaces[1] ~= nil
end

--- What the nodes of a device are for: { qmi = {}, mbim = {}, at, diag, nmea, qdl }. The interfaces are sorted by
-- number. The ports of a boot ROM are not used, nor are those of a device that is surely none of a model.
function drivers.nodes(dev)
  local nodes = { qmi = {}, mbim = {} }
  if dev.other and dev.other.final then return nodes end
  if dev.mode == "download" and dev.interfaces[1] then
    nodes.qdl = serial_port(dev, dev.interfaces[1])
  elseif dev.mode == "application" then
    application_nodes(nodes, dev)
  end
  return nodes
end

-- Whether every interface is there with its driver, and every bound driver has created its node. The data interface of
-- MBIM (class 0a) has no node.
local function has_all_ports(dev)
  for _, interface in ipairs(dev.interfaces) do
    if serial[interface.driver] and not interface.tty then return false end
    if control[interface.driver] and interface.class ~= "0a" and not interface.control then return false end
  end
  for _, missing in ipairs(dev.missing) do
    if not missing.over_usb then return false end
  end
  return #dev.interfaces == dev.interface_count
end

--- The port that a device lacks, in words; nil when it has all. A job needs the download port; in application mode a
-- control port, else the AT port. The second result is "driver" when it has no driver, "node" when only the node of the
-- needed port is missing, "further" when only ports are missing that a job does not need, "usb" when the port is
-- reached over USB and its driver may still come.
function drivers.lacking(dev)
  local nodes, missing = dev.nodes, dev.missing[1]
  local port = nodes.qdl or nodes.qmi[1] or nodes.mbim[1] or nodes.at
  if not port and missing then return ("no tty (driver missing: %s)"):format(missing.module), "driver" end
  if not port then return "no port yet" end
  if not channel.is_ready(port) then return port .. " is not there yet", "node" end
  if missing and dev.mode == "download" and channel.usb_interface(port) then return "no serial driver yet", "usb" end
  if dev.mode ~= "download" and not has_all_ports(dev) then return "not all of its ports yet", "further" end
end

return drivers
