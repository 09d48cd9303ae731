--- Modems on USB: which there are, the one that is meant, and the same one after a reboot.
--
--     local device = require "moonflash.device"
--     local devices = device.list("/", models)
--     local modem, problem = device.select(devices, { place = "1-1" })
--     local follower = device.follow(modem, models)
--     follower:arm()
--     ... reset the modem ...
--     modem, problem = follower:wait { mode = "download", within_ms = 120000 }
--
-- Knows no modem but by the models' tables, and no system but by /sys below a root.
-- A device is a table:
--     place = "1-1", peer = "2-1"?, bus, number (the bus's, new after each return), hub_depth,
--     vid = "1199", pid = "9071", ids (all it may have), model = "MC7455"?, serial?, product?,
--     manufacturer?, speed (Mbit/s), mode = "application|download|boot-rom", root,
--     interfaces = { { number, class, driver?, tty?, control?, net? } }, interface_count,
--     nodes = { qmi = { paths }, mbim = { paths }, at?, diag?, nmea?, qdl? },
--     missing = { { kind = "driver", interface, module, package } }
-- @module moonflash.device

local catalog = require "moonflash.device.identify"
local drivers = require "moonflash.device.drivers"
local later = require "moonflash.base.later"
local sysfs = require "moonflash.device.sysfs"

local channel = later "moonflash.device.channel"
local describe = later "moonflash.device.describe"
local follow = later "moonflash.device.follow"
local selection = later "moonflash.device.select"

local device = {}

-- 1-2 before 1-10.
local function by_place(a, b)
  local one, other = a.place:gmatch "%d+", b.place:gmatch "%d+"
  while true do
    local x, y = one(), other()
    if not (x and y) then return y ~= nil end
    x, y = tonumber(x), tonumber(y)
    if x ~= y then return x < y end
  end
end

--- The modems that are plugged.
-- @tparam string root "/", or the folder that stands for it
-- @tparam table models of the scripts: { name, aliases, usb = { application, download } }
-- @treturn table array of devices by place; those of no model have model = nil
function device.list(root, models)
  local index, devices = catalog.new(models), {}
  for _, place in ipairs(sysfs.places(root)) do
    local ids = sysfs.ids(root, place)
    local seen = ids and index:is_modem(ids) and sysfs.read(root, place)
    if seen then devices[#devices + 1] = index:identify(seen) end
  end
  table.sort(devices, by_place)
  return devices
end

--- Picks the one device that is meant: all fields given must hold.
-- @tparam table devices
-- @tparam[opt] table wanted any of cdc_wdm, tty (paths), vid, pid, bus, number, place, serial, model
-- @treturn table the device; or nil and failure device.none or device.ambiguous
function device.select(devices, wanted)
  return selection.pick(devices, wanted or {})
end

--- All devices that may be meant.
-- @tparam table devices
-- @tparam[opt] table wanted as for select
-- @treturn table array of devices
function device.matching(devices, wanted)
  return selection.all(devices, wanted or {})
end

--- Whether a device has all its ports already; the kernel makes them one after the other.
-- @tparam table dev
-- @treturn boolean
function device.is_settled(dev)
  local port = drivers.needed_port(dev)
  return port ~= nil and channel.exists(port) and drivers.settled(dev)
end

--- Whether a device is still the one that is plugged in its place: after each return it has a new number.
-- @tparam table dev
-- @treturn boolean
function device.is_there(dev)
  return sysfs.number(dev.root, dev.place) == dev.number
end

--- Follows a device through reboots.
-- @tparam table dev
-- @tparam table models those of the scripts
-- @tparam[opt] table options see moonflash.device.follow
-- @treturn table a follower
function device.follow(dev, models, options)
  return follow.new(dev, models, options)
end

--- Opens a session on a port that may not be ready.
-- @param ... see moonflash.device.channel.open_when_ready
function device.open_node(...)
  return channel.open_when_ready(...)
end

--- A device in words.
-- @tparam table dev
-- @treturn string
function device.describe(dev)
  return describe.device(dev)
end

return device
