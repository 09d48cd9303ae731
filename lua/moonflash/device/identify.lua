-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Identifies devices by the USB ids of the model scripts: which model a device is, and in which mode.

local drivers = require "moonflash.device.drivers"
local tables = require "moonflash.base.table"
local usb_ids = require "moonflash.device.usb_ids"

local identify = {}
identify.__index = identify

local SIERRA_VID, SIERRA = "1199", "sierra wireless"
local BOOT_ROM = "05c6:9008" -- Qualcomm's boot ROM: the modem has no firmware that starts

--- Identifies devices by the ids, names and aliases of these models. `transport`: how their serial ports are to be
-- reached (moonflash.device.drivers.transport).
function identify.new(models, transport)
  return setmetatable({ models = models, transport = transport }, identify)
end

local function ids_of(dev)
  return dev.vid .. ":" .. dev.pid
end

local function with_ids(models, ids)
  local found = {}
  for _, model in ipairs(models) do
    if usb_ids.modes(model, ids) then found[#found + 1] = model end
  end
  return found
end

local function is_named_by_product(model, dev)
  local product = (dev.product or ""):lower()
  for _, name in ipairs { model.name, tables.unpack(model.aliases or {}) } do
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
-- overrides the bundled one, so that a user's further model changes nothing for the others. A product text with the
-- name of another modem (WP7607) means none of them: the name is the second result.
local function model_of(models, dev, before)
  local known = before and first(models, function(model) return model.name == before.model end)
    or first(models, function(model) return is_named_by_product(model, dev) end)
  local other = not (known or before) and models[1] and (dev.product or ""):match "%f[%w]%u%u%d%d%d%d"
  return known or not other and models[#models] or nil, other
end

local function is_only_named(model, name)
  for _, one in ipairs(model.only_named or {}) do
    if one:lower() == name:lower() then return true end
  end
end

-- A modem with the ids of these models that its product text calls by another name.
local function named_otherwise(models, name)
  if not first(models, function(model) return is_only_named(model, name) end) then
    return { name = name, reason = "its product text names it" }
  end
  return { name = name, reason = ("no update of one was ever reported; at your own risk `--model %s` treats it like "
    .. "others of its family"):format(name:lower()) }
end

-- A modem that no script is for: { name, reason, final: --model does not help }; nil for all others.
local function other_of(dev, model, models, named)
  if model then return nil end
  if named then return named_otherwise(models, named) end
  local known = with_ids(usb_ids.others, ids_of(dev))[1]
  return known and { name = known.name, reason = known.reason, final = true }
end

--- Whether a device with ids and perhaps a manufacturer is listed: one of a model, of Sierra Wireless, or a boot ROM.
function identify:is_modem(ids, manufacturer)
  return with_ids(self.models, ids)[1] ~= nil or ids:sub(1, 4) == SIERRA_VID or ids == BOOT_ROM
    or (manufacturer or ""):lower():find(SIERRA, 1, true) ~= nil
end

-- Unknown ids count for a followed device: a user can change them.
local function may_be_loader(dev, models, before)
  if not models[1] then models = with_ids(usb_ids.others, ids_of(dev)) end
  for _, model in ipairs(models) do
    if usb_ids.modes(model, ids_of(dev)).download then return true end
  end
  return not models[1] and before ~= nil
end

-- Some models keep their ids in download mode (1199:68c0), so ids and interface decide together.
local function mode_of(dev, models, before)
  if ids_of(dev) == BOOT_ROM then return "boot-rom" end
  return drivers.is_loader(dev) and may_be_loader(dev, models, before) and "download" or "application"
end

--- Completes a device of sysfs.read: model, other, mode, transport, nodes, missing, and the ids it may have. `before`
-- is what it was before a reset.
function identify:complete(dev, before)
  local models = with_ids(self.models, ids_of(dev))
  local model, named = model_of(models, dev, before)
  dev.model = model and model.name or before and before.model
  dev.other = not dev.model and other_of(dev, model, models, named) or nil
  dev.ids = model and usb_ids.of_modem(model, ids_of(dev)) or { ids_of(dev), tables.unpack((before or {}).ids or {}) }
  dev.mode = mode_of(dev, models, before)
  dev.transport = drivers.transport(dev, self.transport)
  dev.nodes = drivers.nodes(dev)
  dev.missing = dev.mode ~= "boot-rom" and drivers.missing(dev) or {}
  return dev
end

return identify
