--- Follows one modem through a reboot: armed before the reset, it remembers what is plugged; then
-- it waits until the modem is gone, and until a device that was not there before is known again as
-- the modem (moonflash.device.match) and has the node that is needed.
-- @module moonflash.device.follow

local catalog = require "moonflash.device.identify"
local channel = require "moonflash.device.channel"
local drivers = require "moonflash.device.drivers"
local failure = require "moonflash.base.failure"
local keys = require "moonflash.device.match"
local sightings = require "moonflash.device.timeline"
local sysfs = require "moonflash.device.sysfs"
local watch = require "moonflash.device.watch"

local follow = {}
local follower = {}
follower.__index = follower

local RESCAN_MS = 1000 -- should an event be lost
local NODE_MS = 10     -- the kernel has the port, /dev not yet (mdev and procd come later)
local SETTLE_MS = 2000 -- a running modem's last interfaces and ttys, a moment after the first

--- Follows a device.
-- @tparam table dev from device.list
-- @tparam table models those of the scripts
-- @tparam[opt] table options events (a watch), clock { now(), sleep(ms) }: for tests
-- @treturn table a follower
function follow.new(dev, models, options)
  options = options or {}
  return setmetatable({
    root = dev.root, device = dev, keys = keys.of(dev), catalog = catalog.new(models),
    clock = options.clock or watch.clock, given_events = options.events, before = {},
  }, follower)
end

-- What the others that are plugged now mean for the keys: a serial number that two devices bear is
-- none, and a twin makes ids worthless.
local function look_at_others(self)
  for place in pairs(self.before) do
    if place ~= self.device.place then
      local serial = sysfs.attribute(self.root, place, "serial")
      if serial and serial == self.keys.serial then self.keys.serial_shared = true end
      if self.keys.ids[sysfs.ids(self.root, place) or ""] then self.keys.twin = true end
    end
  end
end

-- What was read when the device had just appeared may lack the peer.
local function look_at_own(self)
  local dev = self.device
  if self.before[dev.place] == dev.number then
    dev.peer = dev.peer or sysfs.peer(self.root, dev.place)
  end
  self.keys:learn(dev)
end

-- A modem that left before we listened may be back by now, in its socket: that is not a device of before.
local function forget_returned(self)
  local dev = self.device
  if self.before[dev.place] == dev.number then return end
  for place in pairs(self.keys.places) do
    if self.keys.ids[sysfs.ids(self.root, place) or ""] then self.before[place] = nil end
  end
end

--- Begins to listen, and remembers what is plugged. Call it right before every reset.
function follower:arm()
  self:close()
  self.events = self.given_events or watch.open(self.root, self.clock)
  self.before = {}
  for _, place in ipairs(sysfs.places(self.root)) do
    self.before[place] = sysfs.number(self.root, place)
  end
  forget_returned(self)
  self.keys.serial_shared, self.keys.twin = nil, nil
  look_at_own(self)
  look_at_others(self)
  self.sightings = sightings.new(self.clock.now())
end

-- Forgets those that are no longer what they were when we armed, and reads those that are new.
local function scan(self)
  local still, new = {}, {}
  for _, place in ipairs(sysfs.places(self.root)) do
    local number = sysfs.number(self.root, place)
    if number and number == self.before[place] then
      still[place] = number
    else
      new[#new + 1] = sysfs.read(self.root, place)
    end
  end
  self.before = still
  for _, seen in ipairs(new) do self.catalog:identify(seen, self.device) end
  return new
end

local function port_state(dev)
  local port = drivers.needed_port(dev)
  local missing = dev.missing[1]
  if not port and missing then return ("no tty (driver missing: %s)"):format(missing.module) end
  if not port then return "no port yet" end
  if not channel.exists(port) then return port .. " is not there yet" end
  return nil
end

local function usable_since(self, dev)
  if self.usable.number ~= dev.number then
    self.usable = { number = dev.number, since = self.clock.now() }
  end
  return self.usable.since
end

-- Why a device does not end the wait, nil when it does.
local function state(self, dev, modes)
  if not modes[dev.mode] then return "in " .. dev.mode .. " mode" end
  local lacking = port_state(dev)
  if lacking then return lacking end
  if dev.mode == "download" or drivers.settled(dev) then return nil end
  return self.clock.now() - usable_since(self, dev) < SETTLE_MS and "not all of its ports yet" or nil
end

local function tell(self, text)
  if text and self.progress then self.progress(text) end
end

local function note_others(self, devices, chosen)
  for _, dev in ipairs(devices) do
    if dev ~= chosen then
      tell(self, self.sightings:saw(dev, "not taken for the modem", self.clock.now()))
    end
  end
end

-- Tells where the modem is, when that is news.
local function tell_moved(self, text, dev)
  tell(self, text)
  if text and self.moved then self.moved(dev) end
end

local function has_left(self)
  if self.before[self.device.place] then return false end
  if not self.gone then tell_moved(self, self.sightings:left(self.clock.now())) end
  self.gone = true
  return true
end

-- One look at /sys. Returns the modem when it is back as it is wanted.
local function look(self, modes)
  local devices = scan(self)
  if not has_left(self) then return nil end
  local chosen, contenders = self.keys:pick(devices)
  note_others(self, contenders, chosen)
  self.contenders, self.candidate = contenders, chosen
  if not chosen then return nil end
  local lacking = state(self, chosen, modes)
  tell_moved(self, self.sightings:saw(chosen, lacking or "back", self.clock.now()), chosen)
  return not lacking and chosen or nil
end

-- What polling has to compare: who is plugged, our places' numbers, and once the modem is there
-- its interfaces, below which the nodes appear.
local function points(self)
  local found = { folders = { sysfs.folder(self.root) }, files = {} }
  for place in pairs(self.keys.places) do
    found.files[#found.files + 1] = sysfs.device_folder(self.root, place) .. "/devnum"
  end
  if not self.candidate then return found end
  for _, folder in ipairs(sysfs.interface_folders(self.root, self.candidate.place)) do
    found.folders[#found.folders + 1] = folder
  end
  return found
end

local function pause(self)
  local port = self.candidate and drivers.needed_port(self.candidate)
  return port and not channel.exists(port) and NODE_MS or RESCAN_MS
end

local function not_seen(self, modes)
  local evidence = { evidence = self.sightings:text() }
  if self.contenders and #self.contenders > 1 then
    return failure.new("device.ambiguous", "several devices could be the modem", evidence)
  end
  local names = {}
  for mode in pairs(modes) do names[#names + 1] = mode end
  table.sort(names)
  return failure.new("device.not_seen",
    ("the modem did not come back in %s mode"):format(table.concat(names, " or ")), evidence)
end

local function interruption(self, problem)
  return failure.new("job.interrupted", "stopped while waiting for the modem",
    { cause = problem, evidence = self.sightings:text() })
end

local function adopt(self, dev)
  dev.peer = dev.peer or self.keys.peers[dev.place]
  dev.serial = dev.serial or self.keys.serial -- a loader may not tell it
  self.device = dev
  self.keys:learn(dev)
  return dev
end

local function begin(self, options)
  if not self.sightings then error("the follower is not armed", 3) end
  self.progress, self.gone, self.usable = options.progress, options.gone == false, {}
  self.moved = options.moved
  self.candidate, self.contenders = nil, nil
  if self.gone then self.before[self.device.place] = nil end
  return options.modes or { [options.mode] = true }, self.clock.now() + options.within_ms
end

--- Waits until the modem is back.
-- @tparam table options within_ms; mode = "download" or modes = { download = true, ... };
-- gone = false when the device that is there now may be the answer; progress(text) is told what
-- is seen, moved(device) where the modem is now, nil for gone
-- @treturn table the device, with the node that is needed in /dev; or nil and failure
-- device.not_seen, device.ambiguous, job.interrupted
function follower:wait(options)
  local modes, ends = begin(self, options)
  while true do
    local found = look(self, modes)
    if found then return adopt(self, found) end
    local left = ends - self.clock.now()
    if left <= 0 then return nil, not_seen(self, modes) end
    local woken, problem = self.events:wait(math.min(left, pause(self)), points(self))
    if not woken then return nil, interruption(self, problem) end
  end
end

--- Stops listening.
function follower:close()
  if self.events then self.events:close() end
  self.events = nil
end

return follow
