-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Interfaces of a USB device with their drivers and nodes: ttyUSBn, cdc-wdmn, wwann.

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"
local sysfs = require "moonflash.sim.sysfs"

local nodes = {}

-- kind of interface: class, subclass, protocol; driver, and the nodes of that driver
local serial = { class = { 0xff, 0xff, 0xff }, driver = "qcserial", late = { "tty" } }
local kinds = {
  diag = serial, nmea = serial, at = serial, qdl = serial, sahara = serial,
  qmi = { class = { 0xff, 0xff, 0xff }, driver = "qmi_wwan", early = { "usbmisc" }, late = { "net" } },
  mbim = { class = { 0x02, 0x0e, 0x00 }, driver = "cdc_mbim", early = { "usbmisc" }, late = { "net" } },
  mbim_data = { class = { 0x0a, 0x00, 0x02 }, driver = "cdc_mbim" },
}

-- class of node: its name, its folder below the interface, its device number
local classes = {
  tty = { name = "ttyUSB", major = 188, minor = 0, folder = "/%s/tty/%s" },
  usbmisc = { name = "cdc-wdm", major = 180, minor = 176, folder = "/usbmisc/%s" },
  net = { name = "wwan", folder = "/net/%s" },
}

--- Adds an interface folder with its driver, and sends the events.
function nodes.add_interface(usb, device, interface)
  local kind = kinds[interface.kind]
  local words = { "DEVTYPE=usb_interface", "INTERFACE=" .. table.concat(kind.class, "/") }
  interface.path = ("%s/%s:1.%d"):format(device.path, device.place, interface.number)
  sysfs.folder(usb.root, interface.path, {
    bInterfaceNumber = bytes.hex_number(interface.number, 2), bAlternateSetting = " 0",
    bNumEndpoints = (interface.kind == "qdl" or interface.kind == "sahara") and "02" or "03",
    bInterfaceClass = bytes.hex_number(kind.class[1], 2), bInterfaceSubClass = bytes.hex_number(kind.class[2], 2),
    bInterfaceProtocol = bytes.hex_number(kind.class[3], 2),
  })
  usb.events:send("add", interface.path, "usb", words)
  if interface.driverless then return end
  local driver = "/bus/usb/drivers/" .. kind.driver
  sysfs.folder(usb.root, driver)
  sysfs.link(usb.root, interface.path .. "/driver", driver)
  usb.events:send("bind", interface.path, "usb", { words[1], "DRIVER=" .. kind.driver, words[2] })
end

local function words_of(class, node)
  if not class.major then return { "INTERFACE=" .. node.name, "IFINDEX=" .. node.number + 7 } end
  return { "MAJOR=" .. class.major, "MINOR=" .. class.minor + node.number, "DEVNAME=" .. node.name }
end

-- A usb-serial port is a device between interface and tty.
local function add_serial_port(usb, interface, name)
  local path, driver = interface.path .. "/" .. name, "/bus/usb-serial/drivers/qcserial"
  sysfs.folder(usb.root, driver)
  sysfs.folder(usb.root, path, { port_number = "0" })
  sysfs.link(usb.root, path .. "/driver", driver)
  sysfs.link(usb.root, path .. "/subsystem", "/bus/usb-serial")
  usb.events:send("add", path, "usb-serial")
end

-- Takes the lowest free number of a class of nodes.
local function take_number(usb, class_name)
  local number, taken = 0, usb.taken[class_name]
  while taken[number] do number = number + 1 end
  taken[number] = true
  return number
end

local function add_node(usb, interface, class_name)
  local class = classes[class_name]
  local node = { class = class_name, number = take_number(usb, class_name) }
  node.name = class.name .. node.number
  node.path = interface.path .. class.folder:gsub("%%s", node.name)
  interface.nodes[#interface.nodes + 1] = node
  if class_name == "tty" then add_serial_port(usb, interface, node.name) end
  sysfs.folder(usb.root, node.path, class.major and {
    dev = ("%d:%d"):format(class.major, class.minor + node.number),
  } or { address = "02:00:00:00:00:01", ifindex = tostring(node.number + 7) })
  sysfs.link(usb.root, node.path .. "/device",
    class_name == "tty" and interface.path .. "/" .. node.name or interface.path)
  sysfs.link(usb.root, node.path .. "/subsystem", "/class/" .. class_name)
  sysfs.link(usb.root, "/class/" .. class_name .. "/" .. node.name, node.path)
  if class.major then failure.try(sys.symlink(interface.port.slave, usb.root .. "/dev/" .. node.name)) end
  usb.events:send("add", node.path, class_name, words_of(class, node))
end

--- Adds the nodes of a device that the kernel makes at once ("early"), or later. A port is named after its first node.
function nodes.add(usb, device, when)
  for _, interface in ipairs(device.interfaces) do
    interface.nodes = interface.nodes or {}
    local made = not interface.driverless and kinds[interface.kind][when]
    for _, class in ipairs(made or {}) do add_node(usb, interface, class) end
    if interface.nodes[1] then interface.port.name = interface.nodes[1].name end
  end
end

local function remove_node(usb, node)
  local class = classes[node.class]
  usb.taken[node.class][node.number] = nil
  sys.remove(("%s/sys/class/%s/%s"):format(usb.root, node.class, node.name))
  if class.major then sys.remove(usb.root .. "/dev/" .. node.name) end
  usb.events:send("remove", node.path, node.class, words_of(class, node))
end

--- Removes all nodes of a device and sends the events.
function nodes.remove(usb, device)
  for _, interface in ipairs(device.interfaces) do
    for _, node in ipairs(interface.nodes) do remove_node(usb, node) end
    usb.events:send("unbind", interface.path, "usb", { "DEVTYPE=usb_interface" })
  end
end

return nodes
