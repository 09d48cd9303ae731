--- USB devices in /sys: facts only, nothing about modems. A device may vanish while it is read; the functions
-- then return nil.
-- @module moonflash.device.sysfs

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"

local sysfs = {}

local LARGEST = 4096 -- an attribute of the kernel is at most a page
local MOST_DIGITS = 9

--- The folder whose entries are the USB devices and their interfaces.
-- @tparam string root "/", or the folder of another system
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

-- The device chooses some texts: control characters, which a terminal would obey, become question marks.
local function printable(text)
  return text and (text:gsub("%c", "?"))
end

local function attribute(folder, name)
  local text = sys.read_file(folder .. "/" .. name, LARGEST)
  text = text and printable(text:match "^%s*(.-)%s*$")
  return text ~= "" and text or nil
end

-- An attribute as a number, if it has the form of one: `tonumber` alone would take "inf" and "-1".
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

-- Whether an entry is a device on a port, and no interface or root hub.
local function is_place(name)
  return name:match "^%d+%-%d[%d.]*$" ~= nil
end

--- The places of all devices.
-- @tparam string root
-- @treturn table array of names
function sysfs.places(root)
  local places = {}
  for _, name in ipairs(sys.list(sysfs.folder(root)) or {}) do
    if is_place(name) then places[#places + 1] = name end
  end
  return places
end

--- The number of the device at a place on its bus: a new one after each reset.
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
-- @tparam string root
-- @tparam string place
-- @treturn ?string
function sysfs.peer(root, place)
  local port = last_part(sys.link(sysfs.device_folder(root, place) .. "/port/peer"))
  return port and place_of_port(port)
end

-- Folders of an interface that hold the names of its nodes. Kernels before 3.6 have `usb` for `usbmisc`. A USB
-- serial port is a folder ttyUSBn; a modem of cdc_acm has tty/ttyACMn.
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
-- @treturn ?table the device (see moonflash.device) without model, ids, mode, nodes and missing; interface_count
-- is what the device declares, because the kernel adds the folders one by one. nil when there is none, or when
-- it went away or was replaced while it was read
function sysfs.read(root, place)
  local folder = sysfs.device_folder(root, place)
  local number, ids = sysfs.number(root, place), sysfs.ids(root, place)
  if not number or not ids then return nil end
  local dev = {
    root = root, place = place, peer = sysfs.peer(root, place),
    bus = tonumber(place:match "^%d+"), number = number,
    hub_depth = select(2, place:gsub("%.", "")),
    vid = ids:sub(1, 4), pid = ids:sub(6), serial = attribute(folder, "serial"),
    product = attribute(folder, "product"), manufacturer = attribute(folder, "manufacturer"),
    speed = number_like("^%d+%.?%d*$", folder, "speed"),
    interface_count = decimal(folder, "bNumInterfaces") or 0,
    interfaces = read_interfaces(root, place),
  }
  return sysfs.number(root, place) == number and dev or nil
end

return sysfs
