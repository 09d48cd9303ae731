-- The nodes of a modem that a job opens, and the attributes of its device.

local sysfs = require "moonflash.device.sysfs"
local system = require "moonflash.host.system"

local nodes = {}

--- Those a job opens in the mode the modem is in: control ports or the download port.
-- @tparam table dev
-- @treturn table array of paths
function nodes.used(dev)
  if dev.nodes.qdl then return { dev.nodes.qdl } end
  local used = {}
  for _, list in ipairs { dev.nodes.qmi, dev.nodes.mbim } do
    used[#used + 1] = list[1]
  end
  return used
end

--- Path of a file in the device's folder of /sys.
function nodes.attribute(dev, name)
  return sysfs.device_folder(dev.root, dev.place) .. "/" .. name
end

--- Text of a file in the folder of a device of /sys.
-- @treturn ?string
function nodes.read(root, place, name)
  return system.text(root, ("/sys/bus/usb/devices/%s/%s"):format(place, name))
end

return nodes
