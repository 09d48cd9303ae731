-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- USB devices in /sys: facts only, nothing about modems. A device may vanish while it is read; the functions
-- then return nil.

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"

local sysfs = {}

local LARGEST = 4096 -- an attribute of the kernel is at most a page
local MOST_DIGITS = 9

--- The folder of the device at a place (1-1.4). The root is "/", or the folder of another system.
function sysfs.device_folder(root, place)
  return paths.below(root, "/sys/bus/usb/devices/") .. place
end

-- The device chooses some texts: control characters, which a terminal would obey, become question marks.
local function printable(text)
  return text and text:find "%c" and text:gsub("%c", "?") or text
end

local function attribute(folder, name)
  local text = sys.read_file(folder .. "/" .. name, LARGEST)
  return text and printable(text:match "^%s*(.*%S)")
end

-- An attribute as a number, if it has the form of one (whole and decimal when not given): `tonumber` alone would take
-- "inf" and "-1".
local function number_of(folder, name, pattern, radix)
  local text = attribute(folder, name)
  return text and #text <= MOST_DIGITS and text:match(pattern or "^%d+$") and tonumber(text, radix) or nil
end

local function last_part(path)
  return path and printable(path:match "[^/]+$")
end

--- The places of all devices on ports.
function sysfs.places(root)
  local places = {}
  for _, name in ipairs(sys.list(sysfs.device_folder(root, "")) or {}) do
    places[#places + 1] = name:match "^%d+%-%d[%d.]*$" -- no interface and no root hub
  end
  return places
end

--- The number of the device at a place on its bus: a new one after each reset.
function sysfs.number(root, place)
  return number_of(sysfs.device_folder(root, place), "devnum")
end

--- The vendor and product id at a place: "1199:9071".
function sysfs.ids(root, place)
  local folder = sysfs.device_folder(root, place)
  local vid, pid = attribute(folder, "idVendor"), attribute(folder, "idProduct")
  local ids = vid and pid and (vid .. ":" .. pid):lower()
  return ids and ids:match "^%x%x%x%x:%x%x%x%x$"
end

--- A text attribute of the device at a place, without blanks around it; nil when it is empty or missing.
function sysfs.attribute(root, place, name)
  return attribute(sysfs.device_folder(root, place), name)
end

-- The place of a port, by the name of its folder: "usb1-port6" is 1-6, "1-4-port2" (of the hub at 1-4) is 1-4.2.
local function place_of_port(port)
  local bus, number = port:match "^usb(%d+)%-port(%d+)$"
  if bus then return bus .. "-" .. number end
  local hub
  hub, number = port:match "^(%d+%-[%d.]+)%-port(%d+)$"
  return hub and hub .. "." .. number
end

--- The peer of a place: the USB 2 or USB 3 half of the same connector. It cannot be computed (2-3 and 1-6 are
-- peers in a log) and is known only while a device is plugged in. The kernel adds the link last, after the ttys.
function sysfs.peer(root, place)
  local port = last_part(sys.link(sysfs.device_folder(root, place) .. "/port/peer"))
  return port and place_of_port(port)
end

-- A USB serial port is a folder ttyUSBn in that of its interface. Other nodes are in a folder of their class: the
-- field, and the pattern of the names. A modem of cdc_acm has tty/ttyACMn.
local classes = {
  tty = { "tty", "^tty%w+$" }, usbmisc = { "control", "^cdc%-wdm%d+$" }, net = { "net", "^%C+$" },
}

local function read_nodes(interface, folder)
  for _, name in ipairs(sys.list(folder) or {}) do
    local class = classes[name]
    if name:match "^ttyUSB%d+$" then interface.tty = name end
    for _, child in ipairs(class and sys.list(folder .. "/" .. name) or {}) do
      if child:match(class[2]) then interface[class[1]] = interface[class[1]] or child end
    end
  end
end

local function read_interface(root, folder)
  local interface = {
    number = number_of(folder, "bInterfaceNumber", "^%x%x?$", 16), class = attribute(folder, "bInterfaceClass"),
    endpoints = number_of(folder, "bNumEndpoints", "^%x%x$", 16), driver = last_part(sys.link(folder .. "/driver")),
  }
  read_nodes(interface, folder)
  for _, field in ipairs { "tty", "control" } do
    interface[field] = interface[field] and paths.below(root, "/dev/" .. interface[field])
  end
  return interface.number and interface
end

local function read_interfaces(root, place)
  local interfaces, folder = {}, sysfs.device_folder(root, place)
  for _, name in ipairs(sys.list(folder) or {}) do
    if name:sub(1, #place + 1) == place .. ":" then
      interfaces[#interfaces + 1] = read_interface(root, folder .. "/" .. name)
    end
  end
  table.sort(interfaces, function(a, b) return a.number < b.number end)
  return interfaces
end

--- Everything about the device at a place (see moonflash.device) without model, other, ids, mode, nodes and missing.
-- interface_count is what the device declares, because the kernel adds the folders one by one. nil when there is no
-- device, or when it went away or was replaced while it was read.
function sysfs.read(root, place)
  local folder, ids = sysfs.device_folder(root, place), sysfs.ids(root, place)
  local devnum = sysfs.number(root, place)
  if not devnum or not ids then return nil end
  local dev = {
    root = root, place = place, peer = sysfs.peer(root, place),
    bus = tonumber(place:match "^%d+"), number = devnum, hub_depth = select(2, place:gsub("%.", "")),
    vid = ids:sub(1, 4), pid = ids:sub(6), serial = attribute(folder, "serial"),
    product = attribute(folder, "product"), manufacturer = attribute(folder, "manufacturer"),
    speed = number_of(folder, "speed", "^%d+%.?%d*$"), interface_count = number_of(folder, "bNumInterfaces") or 0,
    interfaces = read_interfaces(root, place),
  }
  return sysfs.number(root, place) == devnum and dev or nil
end

return sysfs
