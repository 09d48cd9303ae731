--- USB devices as the kernel shows them below /sys: facts only, no knowledge of any modem.
-- Everything here may vanish while it is read; what does is answered with nil.
-- @module moonflash.device.sysfs

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"

local sysfs = {}

local LARGEST = 4096 -- the kernel's attributes are at most a page
local MOST_DIGITS = 9

--- The folder whose entries are the USB devices and their interfaces.
-- @tparam string root "/", or the folder that stands for it
function sysfs.folder(root)
  return paths.below(root, "/sys/bus/usb/devices")
end

--- The path of a node in /dev.
-- @tparam string root
-- @tparam string name "ttyUSB0"
function sysfs.node(root, name)
  return paths.below(root, "/dev/" .. name)
end

--- The folder of one device.
-- @tparam string root
-- @tparam string place "1-1.4"
function sysfs.device_folder(root, place)
  return sysfs.folder(root) .. "/" .. place
end

-- Some texts are the device's own: what a terminal would obey becomes a question mark.
local function printable(text)
  return text and (text:gsub("%c", "?"))
end

local function attribute(folder, name)
  local text = sys.read_file(folder .. "/" .. name, LARGEST)
  text = text and printable(text:match "^%s*(.-)%s*$")
  return text ~= "" and text or nil
end

-- The number that an attribute is, if it looks like one; `tonumber` alone would take "inf" and "-1".
local function number_like(pattern, folder, name, radix)
  local text = attribute(folder, name)
  return text and #text <= MOST_DIGITS and text:match(pattern) and tonumber(text, radix) or nil
end

local function decimal(folder, name)
  return number_like("^%d+$", folder, name)
end

local function last_part(path)
  return path and printable(path:match "[^/]+$")
end

--- Whether a name in the folder of devices is a device on a port: no interface, no root hub.
function sysfs.is_place(name)
  return name:match "^%d+%-%d[%d.]*$" ~= nil
end

--- The places at which something is plugged.
-- @treturn table array of names
function sysfs.places(root)
  local places = {}
  for _, name in ipairs(sys.list(sysfs.folder(root)) or {}) do
    if sysfs.is_place(name) then places[#places + 1] = name end
  end
  return places
end

--- The number the bus gave the device at a place; another one after every return.
-- @tparam string root
-- @tparam string place
-- @treturn ?number nil when nothing is there
function sysfs.number(root, place)
  return decimal(sysfs.device_folder(root, place), "devnum")
end

--- The vendor and product id at a place: "1199:9071".
-- @tparam string root
-- @tparam string place
-- @treturn ?string nil when nothing is there
function sysfs.ids(root, place)
  local folder = sysfs.device_folder(root, place)
  local vid, pid = attribute(folder, "idVendor"), attribute(folder, "idProduct")
  local ids = vid and pid and (vid .. ":" .. pid):lower()
  return ids and ids:match "^%x%x%x%x:%x%x%x%x$"
end

--- A text attribute of the device at a place, without blanks around it.
-- @tparam string root
-- @tparam string place
-- @tparam string name "serial", "bMaxPower"
-- @treturn ?string nil when it is empty or missing
function sysfs.attribute(root, place, name)
  return attribute(sysfs.device_folder(root, place), name)
end

--- The place that a hub's port denotes, whether something is plugged there or not:
-- "usb1-port6" is 1-6, "1-4-port2" (a port of the hub at 1-4) is 1-4.2.
-- @tparam string port the name of the port's folder
-- @treturn ?string
function sysfs.port_place(port)
  local bus, number = port:match "^usb(%d+)%-port(%d+)$"
  if bus then return bus .. "-" .. number end
  local hub
  hub, number = port:match "^(%d+%-[%d.]+)%-port(%d+)$"
  return hub and hub .. "." .. number
end

--- The place of the other half of a USB3 connector. It is only known while the device is plugged,
-- and the kernel counts the ports of both halves as it likes (2-3 and 1-6 in a log), so it is never
-- computed. The kernel adds the link last, after the ttys: who reads early does not find it.
-- @tparam string root
-- @tparam string place
-- @treturn ?string
function sysfs.peer(root, place)
  local port = last_part(sys.link(sysfs.device_folder(root, place) .. "/port/peer"))
  return port and sysfs.port_place(port)
end

-- Where an interface's folder keeps the names of its nodes. Kernels before 3.6 have `usb` for
-- `usbmisc`; a USB serial port is a folder ttyUSBn, a modem of cdc_acm has tty/ttyACMn.
local children = {
  { field = "tty", folder = "tty", name = "^tty%w+$" },
  { field = "control", folder = "usbmisc", name = "^cdc%-wdm%d+$" },
  { field = "control", folder = "usb", name = "^cdc%-wdm%d+$" },
  { field = "net", folder = "net", name = "^%C+$" },
}

local function child(folder, rule)
  for _, name in ipairs(sys.list(folder .. "/" .. rule.folder) or {}) do
    if name:match(rule.name) then return name end
  end
end

local function read_children(interface, folder)
  for _, name in ipairs(sys.list(folder) or {}) do
    if name:match "^ttyUSB%d+$" then interface.tty = name end
    for _, rule in ipairs(children) do
      if name == rule.folder then interface[rule.field] = interface[rule.field] or child(folder, rule) end
    end
  end
end

local function read_interface(root, folder)
  local number = number_like("^%x%x?$", folder, "bInterfaceNumber", 16)
  if not number then return nil end
  local interface = {
    number = number, class = attribute(folder, "bInterfaceClass"),
    driver = last_part(sys.link(folder .. "/driver")),
  }
  read_children(interface, folder)
  for _, field in ipairs { "tty", "control" } do
    if interface[field] then interface[field] = sysfs.node(root, interface[field]) end
  end
  return interface
end

--- The folders of the interfaces of the device at a place.
-- @tparam string root
-- @tparam string place
-- @treturn table array of paths
function sysfs.interface_folders(root, place)
  local folders, folder = {}, sysfs.device_folder(root, place)
  for _, name in ipairs(sys.list(folder) or {}) do
    if name:sub(1, #place + 1) == place .. ":" then folders[#folders + 1] = folder .. "/" .. name end
  end
  return folders
end

local function read_interfaces(root, place)
  local interfaces = {}
  for _, folder in ipairs(sysfs.interface_folders(root, place)) do
    interfaces[#interfaces + 1] = read_interface(root, folder)
  end
  table.sort(interfaces, function(a, b) return a.number < b.number end)
  return interfaces
end

--- Everything about the device at a place.
-- @tparam string root
-- @tparam string place
-- @treturn ?table the device table without model, mode, nodes and missing, with interface_count
-- (what the device declares: the kernel adds the folders one by one); nil when it is not there, or
-- went away or was replaced while it was read
function sysfs.read(root, place)
  local folder = sysfs.device_folder(root, place)
  local number, ids = sysfs.number(root, place), sysfs.ids(root, place)
  if not number or not ids then return nil end
  local seen = {
    root = root, place = place, peer = sysfs.peer(root, place),
    bus = tonumber(place:match "^%d+"), number = number,
    hub_depth = select(2, place:gsub("%.", "")),
    vid = ids:sub(1, 4), pid = ids:sub(6), serial = attribute(folder, "serial"),
    product = attribute(folder, "product"), manufacturer = attribute(folder, "manufacturer"),
    speed = number_like("^%d+%.?%d*$", folder, "speed"),
    interface_count = decimal(folder, "bNumInterfaces") or 0,
    interfaces = read_interfaces(root, place),
  }
  return sysfs.number(root, place) == number and seen or nil
end

return sysfs
