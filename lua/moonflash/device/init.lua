-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Modems on USB: list them, select one, follow it through a reset.
--
--     local device = require "moonflash.device"
--     local devices = device.list("/", models)
--     local modem, problem = device.select(devices, { place = "1-1" })
--     local follower = device.follow(modem, models)
--     follower:arm()
--     ... reset the modem ...
--     modem, problem = follower:wait { mode = "download", within_ms = 120000 }
--
-- The models come from the model scripts, the devices from /sys below a root. A device is a table:
--     place = "1-1" (its USB port path), peer = "2-1"? (the other half of a USB 3 connector),
--     bus, number (on the bus, new after each reset), hub_depth,
--     vid = "1199", pid = "9071", ids (all that it may have), model = "MC7455"?, serial?, product?,
--     other = { name = "EM7345", reason, final }? (no script is for it),
--     manufacturer?, speed (Mbit/s), mode = "application|download|boot-rom", root,
--     transport = "tty|usb" (of its serial ports),
--     interfaces = { { number, class, endpoints?, driver?, tty?, control?, net? } }, interface_count,
--     nodes = { qmi = { paths }, mbim = { paths }, at?, diag?, nmea?, qdl? },
--     missing = { { kind = "driver", interface, module, package } }

local channel = require "moonflash.device.channel"
local describe = require "moonflash.device.describe"
local drivers = require "moonflash.device.drivers"
local identify = require "moonflash.device.identify"
local selection = require "moonflash.device.select"
local sysfs = require "moonflash.device.sysfs"

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

--- The modems that are plugged in.
-- @tparam string root "/", or the folder of another system
-- @tparam table models of the scripts: { name, aliases, usb = { application, download } }
-- @tparam[opt="auto"] string transport of their serial ports: "auto", "tty" or "usb"
-- @treturn table array of devices by place; a device of no model has model = nil
function device.list(root, models, transport)
  local index, devices = identify.new(models, transport), {}
  for _, place in ipairs(sysfs.places(root)) do
    local ids = sysfs.ids(root, place)
    local is_modem = ids and index:is_modem(ids, sysfs.attribute(root, place, "manufacturer"))
    local found = is_modem and sysfs.read(root, place)
    if found then devices[#devices + 1] = index:complete(found) end
  end
  table.sort(devices, by_place)
  return devices
end

--- Whether a device of no model may wait for an image: its interfaces are those of a loader.
function device.may_be_loader(dev)
  return not dev.model and not dev.other and dev.mode == "application" and drivers.is_surely_loader(dev)
end

--- A device whose model the user says. Ids that no model has do not tell the mode: what may be a loader is one now.
-- @tparam table dev
-- @tparam table models
-- @tparam[opt] string transport as in device.list
-- @treturn table the device
function device.as_said(dev, models, transport)
  return device.may_be_loader(dev) and identify.new(models, transport):complete(dev, {}) or dev
end

--- The one device that fits a selection; or nil and failure device.none or device.ambiguous, which lists all that fit.
-- @function device.select
-- @tparam table devices as device.list returns them
-- @tparam[opt] table wanted any of cdc_wdm, tty (paths), vid, pid, bus, number, place, serial, model
-- @raise for an unknown field, and for a value of another type
device.select = selection.one

--- All devices that fit a selection, with the parameters of device.select.
-- @function device.matching
device.matching = selection.all

--- Whether a device has all its ports: the kernel creates them one after the other.
function device.is_settled(dev)
  return drivers.lacking(dev) == nil
end

--- Whether a device shows nothing but its installer: moonflash.device.drivers.is_disc.
device.is_disc = drivers.is_disc

--- Whether a device has not left since it was found: after a reset it has a new number.
function device.is_there(dev)
  return sysfs.number(dev.root, dev.place) == dev.number
end

--- Whether the port that a job needs has gone while the device is there: its driver was removed.
-- @tparam table dev
-- @treturn boolean
function device.has_lost_port(dev)
  local _, kind = drivers.lacking(dev)
  return kind == "node"
end

--- A follower of a device through resets: moonflash.device.follow.new. To list modems needs none of it.
function device.follow(...)
  return require("moonflash.device.follow").new(...)
end

--- Opens a session on a port that may not be ready: tries again while the failure may pass.
-- @function device.open_node
-- @tparam string address
-- @tparam function open_session called with the address; returns the session, or nil and a failure
-- @tparam number within_ms how long it tries again after the first failure
-- @return what open_session returned; or nil and its last failure, or job.interrupted
device.open_node = channel.open_when_ready

--- A device in words: moonflash.device.describe.device.
-- @function device.describe
device.describe = describe.device

return device
