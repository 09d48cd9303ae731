--- Where a place on USB ("1-6", "4-1.4") is in the kernel's tree.
-- @module moonflash.sim.usb_path

local place = {}

local host = "/devices/pci0000:00/0000:00:14.0"

--- The next port of the same hub.
function place.next(name)
  return (name:gsub("%d+$", function(number) return tostring(number + 1) end))
end

--- The bus of a place, as a number.
function place.bus(name)
  return tonumber(name:match("^(%d+)-"))
end

--- The place of the hub a place hangs on, or nil when that is the bus itself.
function place.hub(name)
  return name:match("^(.*)%.%d+$")
end

--- The folder of a bus's root hub.
function place.root_hub(bus)
  return ("%s/usb%d"):format(host, bus)
end

--- The folder of the device at a place: /devices/.../usb4/4-1/4-1.4
function place.path(name)
  local hub = place.hub(name)
  return (hub and place.path(hub) or place.root_hub(place.bus(name))) .. "/" .. name
end

--- The folder of the port a place is on: .../usb1/1-0:1.0/usb1-port6, .../4-1/4-1:1.0/4-1-port4
function place.port(name)
  local number, hub = name:match("(%d+)$"), place.hub(name)
  if hub then return ("%s/%s:1.0/%s-port%s"):format(place.path(hub), hub, hub, number) end
  local bus = place.bus(name)
  return ("%s/%d-0:1.0/usb%d-port%s"):format(place.root_hub(bus), bus, bus, number)
end

return place
