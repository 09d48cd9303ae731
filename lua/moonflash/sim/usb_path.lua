--- Folders of a place on USB ("1-6", "4-1.4") in /sys.

local usb_path = {}

local host = "/devices/pci0000:00/0000:00:14.0"

--- The place some ports further on the same hub.
function usb_path.next(name, count)
  return (name:gsub("%d+$", function(number) return tostring(number + (count or 1)) end))
end

--- The bus of a place, as a number.
function usb_path.bus(name)
  return tonumber(name:match("^(%d+)-"))
end

--- The place of the hub of a place; nil when that is the root hub.
function usb_path.hub(name)
  return name:match("^(.*)%.%d+$")
end

--- The folder of a bus's root hub.
function usb_path.root_hub(bus)
  return ("%s/usb%d"):format(host, bus)
end

--- The folder of the device at a place: /devices/.../usb4/4-1/4-1.4
function usb_path.path(name)
  local hub = usb_path.hub(name)
  return (hub and usb_path.path(hub) or usb_path.root_hub(usb_path.bus(name))) .. "/" .. name
end

--- The folder of the port a place is on: .../usb1/1-0:1.0/usb1-port6, .../4-1/4-1:1.0/4-1-port4
function usb_path.port(name)
  local number, hub = name:match("(%d+)$"), usb_path.hub(name)
  if hub then return ("%s/%s:1.0/%s-port%s"):format(usb_path.path(hub), hub, hub, number) end
  local bus = usb_path.bus(name)
  return ("%s/%d-0:1.0/usb%d-port%s"):format(usb_path.root_hub(bus), bus, bus, number)
end

return usb_path
