-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- /sys below a root: folders, attributes and links, and the folders of a place on USB ("1-6", "4-1.4"). All paths are
-- relative to /sys.

local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"

local sysfs = {}

local host = "/devices/pci0000:00/0000:00:14.0"

--- Makes a folder with attributes, each ended by a newline.
-- @tparam[opt] table attributes text by name
function sysfs.folder(root, path, attributes)
  failure.try(sys.make_folder(root .. "/sys" .. path))
  for name, text in pairs(attributes or {}) do
    failure.try(sys.write_file(root .. "/sys" .. path .. "/" .. name, text .. "\n"))
  end
end

local function relative(from, to)
  local steps = {}
  while from ~= "" and to:sub(1, #from + 1) ~= from .. "/" do
    from = from:match("^(.*)/[^/]*$")
    steps[#steps + 1] = ".."
  end
  steps[#steps + 1] = to:sub(#from + 2)
  return table.concat(steps, "/")
end

--- Makes a relative link, as the kernel does.
function sysfs.link(root, path, target)
  local folder = path:match("^(.*)/[^/]*$")
  failure.try(sys.make_folder(root .. "/sys" .. folder))
  failure.try(sys.symlink(relative(folder, target), root .. "/sys" .. path))
end

--- The place some ports further on the same hub.
function sysfs.next_place(place, count)
  return (place:gsub("%d+$", function(number) return tostring(number + (count or 1)) end))
end

--- The bus of a place, as a number.
function sysfs.bus(place)
  return tonumber(place:match("^(%d+)-"))
end

--- The speed of a modem at a place, Mbit/s. A loader speaks USB2 only, so its bus is a USB2 bus.
function sysfs.speed(place, boot_place)
  return sysfs.bus(place) == sysfs.bus(boot_place) and 480 or 5000
end

--- The place of the hub of a place; nil when that is the root hub.
function sysfs.hub(place)
  return place:match("^(.*)%.%d+$")
end

--- The folder of a bus's root hub.
function sysfs.root_hub(bus)
  return ("%s/usb%d"):format(host, bus)
end

--- The folder of the device at a place: /devices/.../usb4/4-1/4-1.4
function sysfs.device(place)
  local hub = sysfs.hub(place)
  return (hub and sysfs.device(hub) or sysfs.root_hub(sysfs.bus(place))) .. "/" .. place
end

--- The folder of the port of a place: .../usb1/1-0:1.0/usb1-port6, .../4-1/4-1:1.0/4-1-port4
function sysfs.port(place)
  local number, hub = place:match("(%d+)$"), sysfs.hub(place)
  if hub then return ("%s/%s:1.0/%s-port%s"):format(sysfs.device(hub), hub, hub, number) end
  local bus = sysfs.bus(place)
  return ("%s/%d-0:1.0/usb%d-port%s"):format(sysfs.root_hub(bus), bus, bus, number)
end

return sysfs
