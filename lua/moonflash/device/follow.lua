-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Follows one modem through a reset. A follower is armed before the reset and remembers which devices are
-- present. It waits until the modem has left, then until a new device matches it (moonflash.device.match) and
-- has the port that is needed.

local describe = require "moonflash.device.describe"
local drivers = require "moonflash.device.drivers"
local failure = require "moonflash.base.failure"
local identify = require "moonflash.device.identify"
local limits = require "moonflash.base.limits"
local match = require "moonflash.device.match"
local sysfs = require "moonflash.device.sysfs"
local tables = require "moonflash.base.table"
local watch = require "moonflash.device.watch"

local follow = {}
local follower = {}
follower.__index = follower

local RESCAN_MS = 1000 -- in case an event was lost
local NODE_MS = 10     -- the kernel has the port, but mdev or procd has not created the node in /dev

--- A follower of a device.
-- @tparam table dev from device.list
-- @tparam table models those of the scripts
-- @tparam[opt] table options transport, as in device.list; scale = that of --timeout-scale; watch
-- (moonflash.device.watch), clock { now(), sleep(ms) }: for tests
-- @treturn table with the methods below
function follow.new(dev, models, options)
  options = options or {}
  return setmetatable({
    root = dev.root, device = dev, match = match.of(dev), index = identify.new(models, options.transport),
    clock = options.clock or watch.clock, given_watch = options.watch, scale = math.max(options.scale or 1, 1),
    present = {},
  }, follower)
end

-- --- arm --------------------------------------------------------------------------------------------------

local function may_be_modem(self, place)
  return self.match.ids[sysfs.ids(self.root, place) or ""]
end

-- The device number of every place, without a modem that left and returned before the follower was armed.
local function read_present(self)
  local dev, present = self.device, {}
  for _, place in ipairs(sysfs.places(self.root)) do present[place] = sysfs.number(self.root, place) end
  if present[dev.place] ~= dev.number then
    for place in pairs(self.match.places) do
      if may_be_modem(self, place) then present[place] = nil end
    end
  end
  return present
end

-- A device that has just appeared has no link to its peer yet, so the peer may be known only now.
local function learn_peer(self)
  local dev = self.device
  if self.present[dev.place] == dev.number then dev.peer = dev.peer or sysfs.peer(self.root, dev.place) end
  self.match:learn(dev)
end

-- A property that other devices share does not identify the modem. `alike`: the places of those with its ids.
local function learn_shared(self)
  self.match.serial_shared, self.alike = nil, {}
  for place in pairs(self.present) do
    if place ~= self.device.place then
      local serial = sysfs.attribute(self.root, place, "serial")
      if serial and serial == self.match.serial then self.match.serial_shared = true end
      if may_be_modem(self, place) then self.alike[#self.alike + 1] = place end
    end
  end
end

-- Whether a device with the modem's ids has left, too, since the follower was armed.
local function has_left_alike(self)
  for _, place in ipairs(self.alike) do
    if not self.present[place] then return true end
  end
  return false
end

--- Starts to watch, and remembers which devices are present. Call it right before every reset.
function follower:arm()
  self:close()
  self.watch = self.given_watch or watch.open(self.root, self.clock)
  self.present = read_present(self)
  learn_peer(self)
  learn_shared(self)
  self.timeline = describe.timeline(self.clock.now())
end

-- --- one reading of /sys ----------------------------------------------------------------------------------

-- The devices that were not present when the follower was armed. Forgets present ones that left.
local function new_devices(self)
  local present, new = {}, {}
  for _, place in ipairs(sysfs.places(self.root)) do
    local number = sysfs.number(self.root, place)
    if number and number == self.present[place] then
      present[place] = number
    else
      local dev = sysfs.read(self.root, place)
      new[#new + 1] = dev and self.index:complete(dev, self.device)
    end
  end
  self.present = present
  return new
end

-- Whether a modem has been there for so long that what it lacks ("driver", "further", "usb") will not come. The kernel
-- is not faster for a short --timeout-scale.
local function is_final(self, wait, dev, kind)
  local key = kind .. dev.number
  if wait.seen ~= key then wait.seen, wait.seen_since = key, self.clock.now() end
  return self.clock.now() - wait.seen_since >= limits[kind] * 1000 * self.scale
end

-- Why a device does not end the wait; nil when it does. A driver that the kernel has not bound by now will not come.
local function what_lacks(self, wait, dev)
  if not wait.modes[dev.mode] then return "in " .. dev.mode .. " mode" end
  local lacking, kind = drivers.lacking(dev)
  if kind == "node" or kind == "usb" then wait.rescan_ms = NODE_MS end
  if kind == "driver" and is_final(self, wait, dev, kind) then wait.lacks_driver = dev.missing[1] end
  if (kind == "further" or kind == "usb") and is_final(self, wait, dev, kind) then return nil end
  return lacking
end

-- Reports what happened to the modem, when that is new; dev is the device that it is now, nil when it left.
local function report(wait, text, dev)
  if not text then return end
  wait.progress(text)
  wait.moved(dev)
end

local function note_device(self, dev, state)
  return self.timeline:note(dev.place .. "#" .. dev.number, ("%s: %s:%s"):format(dev.place, dev.vid, dev.pid),
    self.clock.now(), state)
end

local function report_others(self, wait)
  for _, dev in ipairs(wait.candidates) do
    local text = dev ~= wait.chosen and note_device(self, dev, "not taken for the modem")
    if text then wait.progress(text) end
  end
end

local function is_still_there(self)
  local number = self.present[self.device.place]
  return number ~= nil and number == sysfs.number(self.root, self.device.place)
end

-- Returns the modem when it is back and complete. While it has not left, nothing else is read.
local function look(self, wait)
  wait.rescan_ms = RESCAN_MS
  if is_still_there(self) then return nil end
  local devices = new_devices(self)
  if self.present[self.device.place] then return nil end
  if not wait.gone then report(wait, self.timeline:note("left", "left", self.clock.now()), nil) end
  wait.gone = true
  self.match.ids_shared = has_left_alike(self)
  wait.chosen, wait.candidates = self.match:pick(devices)
  report_others(self, wait)
  if not wait.chosen then return nil end
  local lacking = what_lacks(self, wait, wait.chosen)
  report(wait, note_device(self, wait.chosen, lacking or "back"), wait.chosen)
  return not lacking and wait.chosen or nil
end

-- --- wait -------------------------------------------------------------------------------------------------

local function not_seen(self, wait, within_ms)
  local evidence = { evidence = self.timeline:text() }
  if #wait.candidates > 1 then
    return failure.new("device.ambiguous", "several devices could be the modem", evidence)
  end
  local lacks = wait.lacks_driver
  if lacks then
    evidence.final, evidence.hint = true, ("load the driver %s (OpenWrt: install %s); if it does not know these ids, "
      .. "write them to its new_id, or run with --bind-driver"):format(lacks.module, lacks.package)
    return failure.new("device.not_seen", "the modem is back, but it has no driver", evidence)
  end
  if not wait.gone then
    local message = ("the modem did not restart within %.0f s"):format(within_ms / 1000)
    return failure.new("device.not_seen", message, evidence)
  end
  return failure.new("device.not_seen",
    ("the modem did not come back in %s mode"):format(table.concat(tables.sorted_keys(wait.modes), " or ")), evidence)
end

local function interrupted(self, problem)
  return failure.new("job.interrupted", "stopped while waiting for the modem",
    { cause = problem, evidence = self.timeline:text(),
      hint = "wait until `moonflash devices` lists the modem, then run the same command again" })
end

-- The device is the modem from now on. A loader may have no serial number.
local function adopt(self, dev)
  dev.peer = dev.peer or self.match.peers[dev.place]
  dev.serial = dev.serial or self.match.serial
  self.device = dev
  self.match:learn(dev)
  return dev
end

local function ignore() end

--- Waits until the modem is back.
-- @tparam table options within_ms; mode = "download" or modes = { download = true, ... };
-- gone = false when the device that is present may end the wait without having left; leaves_within_ms: when it must
-- have left, within_ms if not given; progress(text) gets what is
-- found, moved(device) gets the modem as it is now, nil when it left; meanwhile() is called at least once a second
-- @treturn table the device, with the port that is needed; or nil and failure device.not_seen, device.ambiguous,
-- job.interrupted
-- @raise when the follower is not armed
function follower:wait(options)
  if not self.timeline then error("the follower is not armed", 2) end
  local wait = {
    modes = options.modes or { [options.mode] = true }, gone = options.gone == false, candidates = {},
    progress = options.progress or ignore, moved = options.moved or ignore,
    meanwhile = options.meanwhile or ignore,
  }
  if wait.gone then self.present[self.device.place] = nil end
  local began = self.clock.now()
  while true do
    wait.meanwhile()
    local found = look(self, wait)
    if found then return adopt(self, found) end
    local within_ms = not wait.gone and options.leaves_within_ms or options.within_ms
    local left = began + within_ms - self.clock.now()
    if left <= 0 or wait.lacks_driver then return nil, not_seen(self, wait, within_ms) end
    local woken, problem = self.watch:wait(math.min(left, wait.rescan_ms))
    if not woken then return nil, interrupted(self, problem) end
  end
end

--- Stops watching.
function follower:close()
  if self.watch then self.watch:close() end
  self.watch = nil
end

return follow
