-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Recognises a modem after a reset: by its place or the peer of it, by the ids that its model may have, and by
-- its serial number. Only decisions, no I/O.
--
-- Of the properties that a device has, two must match. Place or peer alone is enough when no other device comes
-- into question. The ids alone are enough only for a SuperSpeed modem whose peer the kernel does not know: its
-- loader appears at a place that nobody can foretell. Even then, no other modem with these ids may have left
-- meanwhile: the new device may be that one.

local match = {}
match.__index = match

local SUPERSPEED_MBIT = 5000

local function learn_place(self, dev)
  self.places[dev.place] = true
  if dev.peer then
    self.places[dev.peer] = true
    self.peers[dev.place], self.peers[dev.peer] = dev.peer, dev.place
  end
  self.peer_unknown = not self.peers[dev.place] and (dev.speed or 0) >= SUPERSPEED_MBIT
end

--- The properties of a modem. The caller sets the fields serial_shared (another device has the same serial
-- number) and ids_shared (another device with ids that the modem may have has left, too).
function match.of(dev)
  return setmetatable({ places = {}, peers = {}, ids = {} }, match):learn(dev)
end

--- Adds the properties that the recognised modem has now.
function match:learn(dev)
  learn_place(self, dev)
  for _, ids in ipairs(dev.ids) do self.ids[ids] = true end
  self.serial = self.serial or dev.serial
  self.model = self.model or dev.model
  return self
end

local function has_same_serial(self, dev)
  return self.serial ~= nil and not self.serial_shared and self.serial == dev.serial
end

-- How many properties match: 0 to 3, and 0 for another model in the modem's place.
local function score(self, dev)
  if dev.model and self.model and dev.model ~= self.model then return 0 end
  return (self.places[dev.place] and 1 or 0) + (self.ids[dev.vid .. ":" .. dev.pid] and 1 or 0)
    + (has_same_serial(self, dev) and 1 or 0)
end

-- Whether one property is enough for the only candidate.
local function is_enough(self, dev)
  return self.places[dev.place] or self.ids[dev.vid .. ":" .. dev.pid] and self.peer_unknown and not self.ids_shared
end

--- Picks the device that is the modem among identified devices that were not there before: the device, nil when there
-- is none or several are possible; and the candidates.
function match:pick(devices)
  local candidates, strong = {}, {}
  for _, dev in ipairs(devices) do
    local matching = score(self, dev)
    if matching >= 1 then candidates[#candidates + 1] = dev end
    if matching >= 2 then strong[#strong + 1] = dev end
  end
  if #strong == 1 then return strong[1], candidates end
  if #candidates == 1 and is_enough(self, candidates[1]) then return candidates[1], candidates end
  return nil, candidates
end

return match
