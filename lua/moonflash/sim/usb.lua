-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- USB below a root: buses, hubs, ports with their peers, and devices that are attached and detached with their nodes
-- and uevents, in the kernel's order (first the node, then the event). moonflash.sim.usbip.vhci has the same functions.

local core_port = require "moonflash.core.port"
local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"
local nodes = require "moonflash.sim.nodes"
local pty = require "moonflash.sim.pty"
local sysfs = require "moonflash.sim.sysfs"

local usb = {}
usb.__index = usb

local node_delay = 0.1 -- s from the device to its ttys

--- Makes empty /sys and /dev below a root. The result's `taken` are the numbers of nodes in use, by class.
function usb.new(root, events)
  for _, name in ipairs { "sys", "dev" } do
    sys.remove_tree(root .. "/" .. name)
    failure.try(sys.make_folder(root .. "/" .. name))
  end
  for _, name in ipairs { "/bus/usb/devices", "/class/tty", "/class/usbmisc", "/class/net" } do
    sysfs.folder(root, name)
  end
  return setmetatable({
    root = root, events = events, taken = { tty = {}, usbmisc = {}, net = {} }, numbers = {}, made = {},
  }, usb)
end

--- Where the modem with this number is plugged in: its place, and that of its loader.
function usb:places(model, number) -- luacheck: ignore self
  return sysfs.next_place(model.place, number - 1), sysfs.next_place(model.boot_place, number - 1)
end

--- The place next to a place.
function usb:next_place(place) -- luacheck: ignore self
  return sysfs.next_place(place)
end

--- The speed at a place of a modem, Mbit/s.
function usb:speed(place, boot_place) -- luacheck: ignore self
  return sysfs.speed(place, boot_place)
end

--- Opens the port of an interface.
function usb:open_port(loop, kind) -- luacheck: ignore self
  return pty.open(loop, kind)
end

local function next_number(self, bus)
  self.numbers[bus] = (self.numbers[bus] or 0) + 1
  return self.numbers[bus]
end

local function list_device(self, path)
  local name = path:match("[^/]*$")
  sysfs.link(self.root, "/bus/usb/devices/" .. name, path)
  sysfs.link(self.root, path .. "/subsystem", "/bus/usb")
end

local function make_hub(self, path, interface, bus, ids)
  if self.made[path] then return end
  self.made[path] = true
  sysfs.folder(self.root, path, {
    idVendor = ids.vid, idProduct = ids.pid, bNumInterfaces = " 1", bDeviceClass = "09",
    busnum = tostring(bus), devnum = tostring(next_number(self, bus)), speed = ids.speed,
    product = ids.product, manufacturer = ids.manufacturer,
  })
  sysfs.folder(self.root, path .. "/" .. interface, { bInterfaceNumber = "00", bInterfaceClass = "09" })
  list_device(self, path)
  list_device(self, path .. "/" .. interface)
end

local function make_bus(self, bus, speed)
  make_hub(self, sysfs.root_hub(bus), bus .. "-0:1.0", bus, {
    vid = "1d6b", pid = speed == 5000 and "0003" or "0002", speed = tostring(speed),
    product = "xHCI Host Controller", manufacturer = "Linux xhci-hcd",
  })
end

--- Makes a place ("4-1.4") with a speed in Mbit/s: its bus, the hubs on the way, its port.
function usb:make_place(name, speed)
  local hub = sysfs.hub(name)
  if hub then
    self:make_place(hub, speed)
    make_hub(self, sysfs.device(hub), hub .. ":1.0", sysfs.bus(name), {
      vid = "05e3", pid = "0610", speed = tostring(speed),
      product = "USB2.1 Hub", manufacturer = "GenesysLogic",
    })
  else
    make_bus(self, sysfs.bus(name), speed)
  end
  sysfs.folder(self.root, sysfs.port(name), { connect_type = "hotplug" })
end

--- Links two places as peers: the USB 2 and USB 3 ports of one socket.
function usb:make_peers(one, other)
  local function link(from, to)
    local path = sysfs.port(from) .. "/peer"
    if not sys.link(self.root .. "/sys" .. path) then sysfs.link(self.root, path, sysfs.port(to)) end
  end
  link(one, other)
  link(other, one)
end

local function device_words(device)
  return {
    ("MAJOR=189"), ("MINOR=%d"):format((device.bus - 1) * 128 + device.number - 1),
    ("DEVNAME=bus/usb/%03d/%03d"):format(device.bus, device.number), "DEVTYPE=usb_device",
    ("PRODUCT=%s/%s/6"):format(device.vid:gsub("^0+", ""), (device.pid:gsub("^0+", ""))), "TYPE=0/0/0",
    ("BUSNUM=%03d"):format(device.bus), ("DEVNUM=%03d"):format(device.number),
  }
end

local function add_device(self, device)
  sysfs.folder(self.root, device.path, {
    idVendor = device.vid, idProduct = device.pid, product = device.product,
    manufacturer = device.manufacturer, serial = device.serial ~= "" and device.serial or nil,
    busnum = tostring(device.bus), devnum = tostring(device.number), speed = tostring(device.speed),
    bNumInterfaces = ("%2d"):format(#device.interfaces), bDeviceClass = "00", bcdDevice = "0006",
    version = device.speed == 5000 and " 3.00" or " 2.10",
  })
  sysfs.folder(self.root, device.path .. "/power", { control = "on" })
  local port = sysfs.port(device.place)
  sysfs.link(self.root, device.path .. "/port", port)
  sysfs.link(self.root, port .. "/device", device.path)
  list_device(self, device.path)
  self.events:send("add", device.path, "usb", device_words(device))
end

--- Attaches a device, its interfaces, its control nodes; `finish` adds its ttys. The device is { place, vid, pid,
-- speed, product, manufacturer, serial, interfaces = { { number, kind = "diag|nmea|at|qmi|qdl|sahara", port = a pty,
-- driverless = no driver knows it } } }.
function usb:attach(device)
  device.bus, device.path = sysfs.bus(device.place), sysfs.device(device.place)
  self:make_place(device.place, device.speed)
  device.number = next_number(self, device.bus)
  add_device(self, device)
  for _, interface in ipairs(device.interfaces) do
    nodes.add_interface(self, device, interface)
    list_device(self, interface.path)
  end
  nodes.add(self, device, "early")
end

--- Adds the nodes that the kernel makes later: ttys and network interfaces.
function usb:finish(device)
  nodes.add(self, device, "late")
end

--- Calls a function when a device of a modem has all its nodes.
function usb:when_ready(device, modem, action)
  modem:after(node_delay, function()
    self:finish(device)
    action()
  end)
end

--- Opens all ports of a device as another program does. Returns a function that closes them.
function usb:hold(device) -- luacheck: ignore self
  local held = {}
  for index, interface in ipairs(device.interfaces) do held[index] = core_port.open(interface.port.slave) end
  return function()
    for _, port in ipairs(held) do port:close() end
  end
end

--- Detaches a device.
function usb:detach(device)
  nodes.remove(self, device)
  sys.remove(self.root .. "/sys" .. sysfs.port(device.place) .. "/device")
  for _, interface in ipairs(device.interfaces) do
    sys.remove(self.root .. "/sys/bus/usb/devices/" .. interface.path:match("[^/]*$"))
    self.events:send("remove", interface.path, "usb", { "DEVTYPE=usb_interface" })
  end
  sys.remove(self.root .. "/sys/bus/usb/devices/" .. device.place)
  sys.remove_tree(self.root .. "/sys" .. device.path)
  self.events:send("remove", device.path, "usb", device_words(device))
end

return usb
