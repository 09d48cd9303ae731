--- Identifies devices by the USB ids of the model scripts: which model a device is, and in which mode.
-- @module moonflash.device.identify

local drivers = require "moonflash.device.drivers"

local identify = {}
identify.__index = identify

local SIERRA_VID = "1199"
local BOOT_ROM = "05c6:9008" -- Qualcomm's boot ROM: the modem has no firmware that starts

local function add(self, model, kind)
  for _, ids in ipairs(model.usb[kind] or {}) do
    ids = ids:lower()
    local known = self[ids] or { models = {} }
    self[ids] = known
    known[kind] = true
    if known.models[#known.models] ~= model then known.models[#known.models + 1] = model end
  end
end

--- An index of models by ids.
-- @tparam table models array of { name, aliases, usb = { application = {...}, download = {...} } }
-- @treturn table with the methods below
function identify.new(models)
  local self = setmetatable({}, identify)
  for _, model in ipairs(models) do
    add(self, model, "application")
    add(self, model, "download")
  end
  return self
end

local function ids_of(dev)
  return dev.vid .. ":" .. dev.pid
end

local function is_named_by_product(model, dev)
  local product = (dev.product or ""):lower()
  for _, name in ipairs { model.name, unpack(model.aliases or {}) } do
    if product:find(name:lower(), 1, true) then return true end
  end
end

local function first(models, is_meant)
  for _, model in ipairs(models) do
    if is_meant(model) then return model end
  end
end

-- Several models may claim the same ids. The model that a followed device had before wins, because a loader may
-- have any product text; then the model that the product text names; then the last one, which is bundled or
-- overrides the bundled one, so that a user's further model changes nothing for the others.
local function model_of(self, dev, before)
  local models = (self[ids_of(dev)] or { models = {} }).models
  return before and first(models, function(model) return model.name == before.model end)
    or first(models, function(model) return is_named_by_product(model, dev) end) or models[#models]
end

--- Whether a device is listed: one of a model, of Sierra Wireless, or a Qualcomm boot ROM.
-- @tparam string ids "1199:9071"
function identify:is_modem(ids)
  return self[ids] ~= nil or ids:sub(1, 4) == SIERRA_VID or ids == BOOT_ROM
end

-- A modem in download mode has exactly one interface. Some models keep their ids there (1199:68c0), so ids and
-- interface count decide together. Unknown ids count for a followed device: a user can change them.
local function mode_of(known, dev, before)
  if ids_of(dev) == BOOT_ROM then return "boot-rom" end
  local may_download = known and known.download or not known and before
  return dev.interface_count == 1 and may_download and "download" or "application"
end

-- All ids that the modem may have, without duplicates, its own first.
local function all_ids(own, lists)
  local all, known = { own }, { [own] = true }
  for _, list in ipairs(lists) do
    for _, ids in ipairs(list) do
      ids = ids:lower()
      if not known[ids] then all[#all + 1] = ids end
      known[ids] = true
    end
  end
  return all
end

--- Completes a device of sysfs.read: model, mode, nodes, missing, and the ids it may have.
-- @tparam table dev
-- @tparam[opt] table before the device that it was before a reset
-- @treturn table dev
function identify:complete(dev, before)
  local model = model_of(self, dev, before)
  dev.model = model and model.name or before and before.model
  dev.ids = all_ids(ids_of(dev), model and { model.usb.application, model.usb.download }
    or { before and before.ids })
  dev.mode = mode_of(self[ids_of(dev)], dev, before)
  dev.nodes = drivers.nodes(dev.interfaces, dev.mode)
  dev.missing = dev.model and dev.mode ~= "boot-rom" and drivers.missing(dev.interfaces) or {}
  return dev
end

return identify
