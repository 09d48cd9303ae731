--- What the models' scripts know about USB ids, and with it: which model a device is, in which mode.
-- @module moonflash.device.identify

local drivers = require "moonflash.device.drivers"

local catalog = {}
catalog.__index = catalog

local SIERRA = "1199"
local BOOT_ROM = "05c6:9008" -- Qualcomm's loader in ROM: no firmware is left to start

local function add(self, model, kind)
  for _, ids in ipairs(model.usb[kind] or {}) do
    ids = ids:lower()
    local known = self[ids] or { models = {} }
    self[ids] = known
    known[kind] = true
    if known.models[#known.models] ~= model then known.models[#known.models + 1] = model end
  end
end

--- An index of the ids of models.
-- @tparam table models array of { name, aliases, usb = { application = {...}, download = {...} } }
function catalog.new(models)
  local self = setmetatable({}, catalog)
  for _, model in ipairs(models) do
    add(self, model, "application")
    add(self, model, "download")
  end
  return self
end

local function ids_of(seen)
  return seen.vid .. ":" .. seen.pid
end

local function names_itself(seen, model)
  local product = (seen.product or ""):lower()
  for _, name in ipairs { model.name, unpack(model.aliases or {}) } do
    if product:find(name:lower(), 1, true) then return true end
  end
end

local function first(models, is_meant)
  for _, model in ipairs(models) do
    if is_meant(model) then return model end
  end
end

--- The model of a device. When several claim its ids, the one it was when it was followed here, for a loader
-- may call itself anything; else the one its product text names; else the last, which is the one that comes
-- with moonflash or takes that one's place: a script of one's own takes none away.
-- @tparam table seen
-- @tparam[opt] table followed the device it was before
-- @treturn ?table the model
function catalog:model_of(seen, followed)
  local models = (self[ids_of(seen)] or { models = {} }).models
  return followed and first(models, function(model) return model.name == followed.model end)
    or first(models, function(model) return names_itself(seen, model) end) or models[#models]
end

--- Whether a device is worth listing: a model's, any Sierra Wireless, or a Qualcomm boot ROM.
function catalog:is_modem(vid_pid)
  return self[vid_pid] ~= nil or vid_pid:sub(1, 4) == SIERRA or vid_pid == BOOT_ROM
end

-- A device that waits for an image shows exactly one interface. Some models keep their ids then
-- (1199:68c0), so neither ids nor the count alone decide. Ids that nobody knows are believed when
-- the device was followed here: an owner can change them.
local function mode_of(known, seen, followed)
  if ids_of(seen) == BOOT_ROM then return "boot-rom" end
  local may_wait = known and known.download or not known and followed
  return seen.interface_count == 1 and may_wait and "download" or "application"
end

-- All ids the modem may have, its own first, then those of lists.
local function all_ids(own, lists)
  local ids, known = { own }, { [own] = true }
  for _, list in ipairs(lists) do
    for _, other in ipairs(list) do
      other = other:lower()
      if not known[other] then ids[#ids + 1] = other end
      known[other] = true
    end
  end
  return ids
end

--- Completes a device of sysfs.read: model, mode, nodes, missing, and `ids` it may have.
-- @tparam table seen
-- @tparam[opt] table followed the device it was before, when it was followed here
-- @treturn table the same table
function catalog:identify(seen, followed)
  local model = self:model_of(seen, followed)
  seen.model = model and model.name or followed and followed.model
  seen.ids = all_ids(ids_of(seen), model and { model.usb.application, model.usb.download }
    or { followed and followed.ids })
  seen.mode = mode_of(self[ids_of(seen)], seen, followed)
  seen.nodes = drivers.nodes(seen.interfaces, seen.mode)
  seen.missing = seen.model and seen.mode ~= "boot-rom" and drivers.missing(seen.interfaces) or {}
  return seen
end

return catalog
