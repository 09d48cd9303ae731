-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Models: a table with the names and ids of a modem and the steps of its update. All fields are checked when the
-- script is loaded.

local step = require "moonflash.engine.step"
local tables = require "moonflash.base.table"
local usb_ids = require "moonflash.device.usb_ids"

local model = {}

local meta = { __name = "moonflash.engine.model" }

local known = {
  name = "string", family = "string", product = "string", usb = "table",
  aliases = "table", summary = "string",
  preference_command = "string", -- AT command that sets the firmware preference: see routes.impref
  download = "string", -- the download protocol, "qdl" when not given
  only_named = "table", -- as aliases, but only for --model: no modem is taken for one of these by its product text
}

local protocols = { qdl = true, firehose = true }

-- The loader of a 9x50 calls itself 9x55; which of them its images name is not published (reference: firehose 6, 17).
local same_chip = { ["9x55"] = "9x50" }

local function check_ids(ids, kind)
  if type(ids) ~= "table" then error("usb." .. kind .. " is missing", 4) end
  for _, id in ipairs(ids) do
    if type(id) ~= "string" or not id:match("^%x%x%x%x:%x%x%x%x$") then
      error("usb." .. kind .. ": not a USB id: " .. tostring(id), 4)
    end
  end
end

local function check_fields(description)
  for name, value in pairs(description) do
    if type(name) == "string" then
      if not known[name] then error("unknown field of a model: " .. name, 3) end
      if type(value) ~= known[name] then error(name .. " must be a " .. known[name], 3) end
    end
  end
  for _, name in ipairs { "name", "family", "product", "usb" } do
    if description[name] == nil then error("a model needs the field " .. name, 3) end
  end
  if not protocols[description.download or "qdl"] then error("download must be \"qdl\" or \"firehose\"", 3) end
  check_ids(description.usb.application, "application")
  check_ids(description.usb.download, "download")
end

-- Replaces a list of steps, as of flash.update_steps, by the steps in it. A nil among steps becomes false, which is no
-- step: the steps behind it must not be lost.
local function flatten(description)
  local steps = {}
  for index = 1, tables.maxn(description) do
    local entry = description[index]
    local list = type(entry) == "table" and #entry > 0 and entry or { entry or false }
    for place = 1, tables.maxn(list) do steps[#steps + 1] = list[place] or false end
    description[index] = nil
  end
  for index, one in ipairs(steps) do description[index] = one end
end

--- Declares a model: fields name, family, product, usb and the steps in their order.
-- @treturn table the model, which a script returns (scripts/README.md)
-- @raise for a field that is unknown, missing or of the wrong type, for what is no step, or no step at all
function model.define(description)
  if type(description) ~= "table" then error("a model is a table", 2) end
  check_fields(description)
  flatten(description)
  if #description == 0 then error("a model needs steps", 2) end
  local wrong = step.fault(description)
  if wrong then error(wrong, 2) end
  return setmetatable(description, meta)
end

--- Whether a value is a model made by model.define.
function model.is(value)
  return getmetatable(value) == meta
end

local function is_among(names, text, form)
  for _, name in ipairs(names or {}) do
    if form(name) == form(text) then return true end
  end
  return false
end

-- Whether the model has this name among all of its names, both in the same form.
local function has_name(self, text, form)
  return form(self.name) == form(text) or is_among(self.aliases, text, form) or is_among(self.only_named, text, form)
end

--- Whether a name is this model's or one of its aliases; case does not matter.
function model.answers_to(self, name)
  return has_name(self, name, string.lower)
end

-- Without the letters at its end: EM7455B is an EM7455, MC7354MNA an MC7354.
local function stem(name)
  return (name:lower():gsub("%a+$", ""))
end

local function agree(a, b)
  return not a or not b or a:lower() == b:lower()
end

local function chip_of(product)
  return product and (same_chip[product:lower()] or product)
end

-- The product field of 9x15 images is not published (reference: CWE header): a product that names no chip is no
-- objection when the family fits.
local function names_chip(product)
  return product ~= nil and product:lower():find "^9x%d%d$" ~= nil
end

-- The fields of an image that name a modem, and whether they fit.
local checks = {
  { "model", function(self, image) return not image.model or not self.name or has_name(self, image.model, stem) end },
  { "family", function(self, image) return agree(self.family, image.family) end },
  { "product", function(self, image)
    return agree(chip_of(self.product), chip_of(image.product)) or image.family ~= nil and not names_chip(image.product)
  end },
}

--- Whether an image set, or the report of one image, is for a model, or for { family, product } of what a modem says of
-- itself. Case does not matter; a field that the images or the modem do not have is no objection. The second value is
-- the text of the image that does not fit, and its source.
function model.fits(self, images)
  for _, image in ipairs(images.images or { images }) do
    for _, check in ipairs(checks) do
      local field = check[1]
      if not check[2](self, image) then
        return false, ("%s of %s: the %s %s"):format((image.from or {})[field] or "header", image.file or "the image",
          field, image[field])
      end
    end
  end
  return true
end

--- Whether a model of a user's script, whatever its name, is for a device: it has the device's ids, and the family
-- and product of the one of all models that the device is otherwise taken for.
-- @treturn boolean
function model.is_for(self, device, models)
  if device.model == self.name then return true end
  if device.other and not model.answers_to(self, device.other.name) then return false end
  for _, other in ipairs(models) do
    local is_alike = other.family == self.family and other.product == self.product
    if other.name == device.model and not is_alike then return false end
  end
  return usb_ids.modes(self, device.vid .. ":" .. device.pid) ~= nil
end

return model
