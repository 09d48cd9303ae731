--- The images that a modem stores: which it has, prefers and runs.
--
-- A *pair* is { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }: a firmware
-- and the settings that belong to it.

local store = {}
store.__index = store

local function copy(pair)
  return { firmware = pair.firmware, carrier = pair.carrier, config = pair.config }
end

local function same(one, other)
  return one.firmware == other.firmware and one.config == other.config
    and one.carrier:upper() == other.carrier:upper()
end

--- Reads "02.33.03.00/GENERIC/002.072_000".
function store.pair(text)
  local firmware, carrier, config = text:match("^([^/]+)/([^/]+)/([^/]+)$")
  return { firmware = firmware, carrier = carrier, config = config }
end

--- A store with the images of a model, changed by the switches running, stored, preferred.
function store.new(model, faults)
  local function pair_of(switch)
    local text = faults:value(switch)
    return text and store.pair(text)
  end
  local running = pair_of "running" or model.store.running
  local self = setmetatable({
    most = model.most, firmware = {}, settings = {}, wanted = {},
    running = copy(running), preferred = copy(pair_of "preferred" or running),
    take_anything = faults:value "already-stored", no_preference = faults:value "no-preference",
    keeps_all = faults:value "storage-full", losses = faults:value "loses-settings" or 0,
    rewrites = faults:value "rewrites-preference" or 0, first = copy(running),
  }, store)
  for _, version in ipairs(model.store.firmware) do self:add_firmware(version) end
  for _, pair in ipairs(model.store.settings) do self:add_settings(pair) end
  for _, pair in ipairs { running, pair_of "stored" } do self:add(pair) end
  if self.keeps_all then self:fill_slots() end
  return self
end

--- The slot of a firmware, or nil.
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

--- The first slot without a firmware, or nil.
function store:free_slot()
  for slot = 1, self.most.firmware do
    if not self.firmware[slot] then return slot end
  end
end

--- Puts some other firmware into each free slot.
function store:fill_slots()
  for slot = 1, self.most.firmware do
    self.firmware[slot] = self.firmware[slot] or ("00.00.00.%02d"):format(slot)
  end
end

--- Whether there is a slot for a firmware. Most modems drop another one to free a slot.
function store:has_room(pair, slot)
  return not self.keeps_all or slot or self:slot(pair.firmware) or self:free_slot()
end

local function slot_to_fill(self)
  local free = self:free_slot()
  if free then return free end
  for slot = self.most.firmware, 1, -1 do
    if self.firmware[slot] ~= self.running.firmware then return slot end
  end
end

--- Stores a firmware in the requested slot, in a free one, or in that of a firmware that does not run.
function store:add_firmware(version, slot)
  if self:slot(version) then return end
  self.firmware[slot or slot_to_fill(self)] = version
end

--- Stores settings.
function store:add_settings(pair)
  if self:settings_index(pair) then return end
  if #self.settings >= self.most.settings then table.remove(self.settings, 1) end
  self.settings[#self.settings + 1] = copy(pair)
end

--- Stores both halves of a pair.
function store:add(pair)
  self:add_firmware(pair.firmware)
  self:add_settings(pair)
end

--- Sets the preference.
-- @tparam[opt] boolean override request both even if stored
-- @treturn table the image types that the modem requests: 0 modem, 1 settings
function store:prefer(pair, override, slot)
  if self.take_anything then self:add(pair) end
  self.preferred, self.wanted, self.slot_wanted = copy(pair), {}, slot
  if override or not self:slot(pair.firmware) then self.wanted[1] = 0 end
  if override or not self:settings_index(pair) then self.wanted[#self.wanted + 1] = 1 end
  return self.wanted
end

--- Whether the next reset ends in download mode.
function store:wants_download()
  return self.wanted[1] ~= nil
end

--- Takes the contents of an image, which run from the next boot on.
-- @tparam boolean keep false: the firmware runs, but is stored in no slot (after AT!BOOTHOLD)
function store:take(contents, keep)
  self.unslotted = not keep
  if contents.firmware then
    self.running.firmware = contents.firmware
    if keep then self:add_firmware(contents.firmware, self.slot_wanted) end
  end
  if contents.settings and self.losses > 0 then
    self.losses = self.losses - 1
  elseif contents.settings then
    self.running.carrier, self.running.config = contents.settings.carrier, contents.settings.config
    if keep then self:add_settings(contents.settings) end
  end
end

-- A modem that returns to the pair it ran at first.
local function rewrite_preference(self)
  if self.rewrites <= 0 or same(self.preferred, self.first) then return end
  self.rewrites, self.preferred = self.rewrites - 1, copy(self.first)
end

--- The modem boots: a stored preferred pair becomes the running one.
function store:boot()
  self.wanted = {}
  if self.no_preference then self.preferred = copy(self.running) end
  local index = self:settings_index(self.preferred)
  if index and self:slot(self.preferred.firmware) and not self.unslotted then
    self.running = copy(self.settings[index])
  end
  rewrite_preference(self)
end

--- The slot of the running firmware; 255 when it is in none.
function store:active_slot()
  return not self.unslotted and self:slot(self.running.firmware) or 255
end

--- How the running pair differs from the preferred one.
-- @treturn boolean firmware differs
-- @treturn boolean settings differ
function store:mismatch()
  local running, preferred = self.running, self.preferred
  return running.firmware ~= preferred.firmware,
    running.config ~= preferred.config or running.carrier:upper() ~= preferred.carrier:upper()
end

--- Deletes an image, but not the running one.
-- @tparam string build_id "02.33.03.00_?" or "02.33.03.00_GENERIC"
function store:delete(kind, build_id, unique_id)
  local firmware, carrier = build_id:match("^([^_]*)_(.*)$")
  if kind == 0 then
    local slot = self:slot(firmware)
    if not slot or firmware == self.running.firmware then return false end
    self.firmware[slot] = nil
    return true
  end
  local pair = { firmware = firmware, carrier = carrier, config = unique_id }
  local index = firmware and self:settings_index(pair)
  if not index or same(pair, self.running) then return false end
  table.remove(self.settings, index)
  return true
end

return store
