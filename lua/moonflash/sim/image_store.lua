-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The images that a modem stores: which it has, prefers and runs.
--
-- A *pair* is { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }: a firmware
-- and the settings that belong to it. A pair is never changed.

local tables = require "moonflash.base.table"

local store = {}
store.__index = store

local function same_settings(one, other)
  return one.config == other.config and one.carrier:upper() == other.carrier:upper()
end

local function same(one, other)
  return one.firmware == other.firmware and same_settings(one, other)
end

-- The pair that a switch names: "02.33.03.00/GENERIC/002.072_000".
local function pair_of(faults, switch)
  local firmware, carrier, config = (faults:value(switch) or ""):match("^([^/]+)/([^/]+)/([^/]+)$")
  return firmware and { firmware = firmware, carrier = carrier, config = config }
end

--- A store with the images of a model, changed by the switches running, stored, preferred.
function store.new(model, faults)
  local running, stored = pair_of(faults, "running") or model.store.running, pair_of(faults, "stored")
  local self = setmetatable({
    most = model.most, firmware = {}, settings = {}, wanted = {},
    running = running, preferred = pair_of(faults, "preferred") or running,
    take_anything = faults:value "already-stored", no_preference = faults:value "no-preference",
    keeps_all = faults:value "storage-full", losses = faults:value "loses-settings" or 0,
    rewrites = faults:value "rewrites-preference" or 0, first = running,
  }, store)
  for _, version in ipairs(model.store.firmware or {}) do self:add_firmware(version) end
  for _, pair in ipairs(model.store.settings or {}) do self:add_settings(pair) end
  self:add(running)
  if stored then self:add(stored) end
  for slot = 1, self.keeps_all and self.most.firmware or 0 do
    self.firmware[slot] = self.firmware[slot] or ("00.00.00.%02d"):format(slot)
  end
  return self
end

--- The slot of a firmware, or nil. That of no firmware is the first free slot.
function store:slot(version)
  for slot = 1, self.most.firmware do
    if self.firmware[slot] == version then return slot end
  end
end

--- The index of settings in their list, or nil.
function store:settings_index(pair)
  for index, other in ipairs(self.settings) do
    if same(pair, other) then return index end
  end
end

--- Whether there is a slot for a firmware. Most modems drop another one to free a slot.
function store:has_room(pair, slot)
  return not self.keeps_all or slot or self:slot(pair.firmware) or self:slot(nil)
end

-- The slot of a firmware that does not run.
local function slot_to_replace(self)
  for slot = self.most.firmware, 1, -1 do
    if self.firmware[slot] ~= self.running.firmware then return slot end
  end
end

--- Stores a firmware in the requested slot, in a free one, or in that of a firmware that does not run.
function store:add_firmware(version, slot)
  if self:slot(version) then return end
  self.firmware[slot or self:slot(nil) or slot_to_replace(self)] = version
end

--- Stores settings.
function store:add_settings(pair)
  if self:settings_index(pair) then return end
  if #self.settings >= self.most.settings then table.remove(self.settings, 1) end
  self.settings[#self.settings + 1] = pair
end

--- Stores both halves of a pair.
function store:add(pair)
  self:add_firmware(pair.firmware)
  self:add_settings(pair)
end

--- Sets the preference. The next reset ends in download mode when an image is `wanted`. Override requests both images
-- even if stored. Returns the image types that the modem requests: 0 modem, 1 settings.
function store:prefer(pair, override, slot)
  if self.take_anything then self:add(pair) end
  self.preferred, self.wanted, self.slot_wanted = pair, {}, slot
  if override or not self:slot(pair.firmware) then self.wanted[1] = 0 end
  if override or not self:settings_index(pair) then self.wanted[#self.wanted + 1] = 1 end
  return self.wanted
end

--- Takes the contents of an image, which run from the next boot on. Without keep the firmware is stored in no slot
-- (after AT!BOOTHOLD).
function store:take(contents, keep)
  self.unslotted = not keep
  local firmware, settings = contents.firmware or self.running.firmware, contents.settings
  if settings and self.losses > 0 then self.losses, settings = self.losses - 1, nil end
  self.running = tables.merge(self.running, settings, { firmware = firmware })
  if contents.firmware and keep then self:add_firmware(firmware, self.slot_wanted) end
  if settings and keep then self:add_settings(settings) end
end

-- A modem that returns to the pair it ran at first.
local function rewrite_preference(self)
  if self.rewrites <= 0 or same(self.preferred, self.first) then return end
  self.rewrites, self.preferred = self.rewrites - 1, self.first
end

--- The modem boots: a stored preferred pair becomes the running one.
function store:boot()
  self.wanted = {}
  if self.no_preference then self.preferred = self.running end
  local index = self:settings_index(self.preferred)
  if index and self:slot(self.preferred.firmware) and not self.unslotted then
    self.running = self.settings[index]
  end
  rewrite_preference(self)
end

--- The slot of the running firmware; 255 when it is in none.
function store:active_slot()
  return not self.unslotted and self:slot(self.running.firmware) or 255
end

--- Whether firmware and whether settings differ between the running pair and the preferred one.
function store:mismatch()
  local running, preferred = self.running, self.preferred
  return running.firmware ~= preferred.firmware, not same_settings(running, preferred)
end

--- Deletes an image, but not the running one. The build id is "02.33.03.00_?" or "02.33.03.00_GENERIC".
function store:delete(kind, build_id, unique_id)
  local firmware, carrier = build_id:match("^([^_]*)_(.*)$")
  if not firmware then return false end
  local pair = { firmware = firmware, carrier = carrier, config = unique_id }
  local slot, index = self:slot(firmware), self:settings_index(pair)
  if kind == 0 and slot and firmware ~= self.running.firmware then
    self.firmware[slot] = nil
    return true
  elseif kind ~= 0 and index and not same(pair, self.running) then
    return table.remove(self.settings, index) ~= nil
  end
  return false
end

return store
