--- By what a modem is known again after a reboot: its place or the peer of that, the ids its model
-- may have, its serial number. Pure decisions, no I/O.
--
-- Of the keys that are present two must agree; an absent key has no vote. Place or peer alone
-- suffices when there is no other candidate. The ids alone suffice only where the kernel knows no
-- peer of a SuperSpeed place (the loader then comes up at a place nobody can foretell) and no
-- other modem of these ids was there before.
-- @module moonflash.device.match

local keys = {}
keys.__index = keys

local SUPER_SPEED = 5000

local function note_place(self, dev)
  self.places[dev.place] = true
  if dev.peer then
    self.places[dev.peer] = true
    self.peers[dev.place], self.peers[dev.peer] = dev.peer, dev.place
  end
  self.blind = not self.peers[dev.place] and (dev.speed or 0) >= SUPER_SPEED
end

--- The keys of a device.
-- @tparam table dev as identified
function keys.of(dev)
  return setmetatable({ places = {}, peers = {}, ids = {} }, keys):learn(dev)
end

--- Adds what a device that was known again looks like now.
function keys:learn(dev)
  note_place(self, dev)
  for _, ids in ipairs(dev.ids) do self.ids[ids] = true end
  self.serial = self.serial or dev.serial
  self.model = self.model or dev.model
  return self
end

--- Which keys of a device agree.
-- @treturn table { place, ids, serial, count }
function keys:agree(dev)
  local votes = {
    place = self.places[dev.place] or false,
    ids = self.ids[dev.vid .. ":" .. dev.pid] or false,
    serial = self.serial ~= nil and not self.serial_shared and self.serial == dev.serial,
    count = 0,
  }
  for _, name in ipairs { "place", "ids", "serial" } do
    if votes[name] then votes.count = votes.count + 1 end
  end
  return votes
end

-- Those for which two keys agree, and those for which any does. Ids of another model are a veto:
-- somebody has plugged another modem in.
local function contenders(self, devices)
  local strong, any = {}, {}
  for _, dev in ipairs(devices) do
    local votes = self:agree(dev)
    local other = dev.model and self.model and dev.model ~= self.model
    if votes.count > 0 and not other then
      any[#any + 1] = dev
      if votes.count >= 2 then strong[#strong + 1] = dev end
    end
  end
  return strong, any
end

-- Whether one key is enough for the only candidate.
local function suffices(self, dev)
  local votes = self:agree(dev)
  return votes.place or votes.ids and self.blind and not self.twin
end

--- Picks the device that is ours.
-- @tparam table devices identified, only those that were not there before
-- @treturn ?table the device, nil when there is none or no telling
-- @treturn table those that come into question
function keys:pick(devices)
  local strong, any = contenders(self, devices)
  if #strong == 1 then return strong[1], any end
  if #any == 1 and suffices(self, any[1]) then return any[1], any end
  return nil, any
end

return keys
