-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Builds and changes a small /sys and /dev below a folder of its own, as the kernel lays them out:
--
--     local tree = fake.new()
--     tree:plug { place = "2-3", peer = "1-6", vid = "1199", pid = "9071", number = 4, speed = 5000,
--                 interfaces = { fake.serial(0, "ttyUSB0"), fake.qmi(8, "cdc-wdm0", "wwan0") } }
--     tree:unplug "2-3"
--     tree:remove()
--
-- Layout: a device's real folder is below its controller and hubs, /sys/bus/usb/devices has links.
-- Ports exist where a device names a peer. Sources: kernel drivers/usb/core/{sysfs,port,hub}.c.

local sys = require "moonflash.core.sys"

local fake = {}
fake.__index = fake

function fake.new()
  local self = setmetatable({ root = sys.temporary_folder() }, fake)
  assert(sys.make_folder(self.root .. "/sys/bus/usb/devices"))
  assert(sys.make_folder(self.root .. "/dev"))
  return self
end

function fake:remove()
  assert(sys.remove_tree(self.root))
end

function fake:write(path, text)
  local full = self.root .. "/" .. path
  assert(sys.make_folder(full:match "^(.*)/"))
  assert(sys.write_file(full, text))
end

function fake:link(path, target)
  local full = self.root .. "/" .. path
  assert(sys.make_folder(full:match "^(.*)/"))
  assert(sys.symlink(target, full))
end

-- --- interfaces --------------------------------------------------------------------------------

function fake.serial(number, tty, driver)
  return { number = number, class = "ff", driver = tty and (driver or "qcserial"), tty = tty }
end

function fake.qmi(number, control, net)
  return { number = number, class = "ff", driver = control and "qmi_wwan", control = control, net = net }
end

function fake.mbim(control, net)
  return { number = 12, class = "02", driver = "cdc_mbim", control = control, net = net },
    { number = 13, class = "0a", driver = "cdc_mbim" }
end

-- --- devices -----------------------------------------------------------------------------------

-- "1-4.2" lives in usb1/1-4/1-4.2.
local function folder_of(place)
  local folder, name = "sys/devices/pci0000:00/0000:00:14.0/usb" .. place:match "^%d+", nil
  for part in place:gmatch "[^.]+" do
    name = name and name .. "." .. part or part
    folder = folder .. "/" .. name
  end
  return folder
end

-- The port's folder is below the interface of its hub: usb1/1-0:1.0/usb1-port6, 1-4:1.0/1-4-port2.
local function port_of(place)
  local hub, port = place:match "^(.*)%.(%d+)$"
  if hub then return ("%s/%s:1.0/%s-port%s"):format(folder_of(hub), hub, hub, port) end
  local bus
  bus, port = place:match "^(%d+)%-(%d+)$"
  return ("sys/devices/pci0000:00/0000:00:14.0/usb%s/%s-0:1.0/usb%s-port%s"):format(bus, bus, bus, port)
end

function fake:add_interface(place, interface)
  local folder = ("%s/%s:1.%d"):format(folder_of(place), place, interface.number)
  self:write(folder .. "/bInterfaceNumber", ("%02x\n"):format(interface.number))
  self:write(folder .. "/bInterfaceClass", (interface.class or "ff") .. "\n")
  if interface.endpoints then self:write(folder .. "/bNumEndpoints", ("%02x\n"):format(interface.endpoints)) end
  if interface.driver then self:bind(place, interface.number, interface.driver) end
  for _, kind in ipairs { "tty", "control", "net" } do
    if interface[kind] then self:add_node(place, interface.number, kind, interface[kind]) end
  end
  self:link(("sys/bus/usb/devices/%s:1.%d"):format(place, interface.number), "../../../../" .. folder)
end

function fake:bind(place, number, driver)
  self:link(("%s/%s:1.%d/driver"):format(folder_of(place), place, number), "/drivers/" .. driver)
end

-- A node in sysfs and, unless `hidden`, in /dev.
function fake:add_node(place, number, kind, name, hidden)
  local below
  if kind == "tty" then
    below = name:match "^ttyUSB" and name .. "/tty/" .. name or "tty/" .. name
  else
    below = (kind == "control" and "usbmisc" or "net") .. "/" .. name
  end
  self:write(("%s/%s:1.%d/%s/uevent"):format(folder_of(place), place, number, below), "")
  if kind ~= "net" and not hidden then self:write("dev/" .. name, "") end
end

local attributes = {
  vid = "idVendor", pid = "idProduct", number = "devnum", serial = "serial", product = "product",
  manufacturer = "manufacturer", speed = "speed",
}

function fake:plug(device)
  local folder = folder_of(device.place)
  for field, file in pairs(attributes) do
    if device[field] then self:write(folder .. "/" .. file, tostring(device[field]) .. "\n") end
  end
  local interfaces = device.interfaces or {}
  self:write(folder .. "/bNumInterfaces", ("%2d\n"):format(device.count or #interfaces))
  if device.peer then self:add_peer(device.place, device.peer) end
  for _, interface in ipairs(interfaces) do self:add_interface(device.place, interface) end
  self:link("sys/bus/usb/devices/" .. device.place, "../../../../" .. folder)
end

-- The kernel links a device to its port only after all else.
function fake:add_peer(place, peer)
  local port = port_of(place)
  self:link(folder_of(place) .. "/port", self.root .. "/" .. port)
  if not sys.stat(self.root .. "/" .. port .. "/peer") then
    self:link(port .. "/peer", self.root .. "/" .. port_of(peer))
  end
end

function fake:unplug(place)
  local bus = self.root .. "/sys/bus/usb/devices/"
  assert(sys.remove(bus .. place))
  for _, name in ipairs(sys.list(bus)) do
    if name:sub(1, #place + 1) == place .. ":" then
      for _, node in ipairs(sys.list(bus .. name) or {}) do
        if node:match "^ttyUSB" then sys.remove(self.root .. "/dev/" .. node) end
      end
      for _, node in ipairs(sys.list(bus .. name .. "/usbmisc") or {}) do
        sys.remove(self.root .. "/dev/" .. node)
      end
      assert(sys.remove(bus .. name))
    end
  end
  assert(sys.remove_tree(self.root .. "/" .. folder_of(place)))
end

return fake
