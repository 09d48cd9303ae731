--- Which images are for which model.
-- @module moonflash.engine.fit

local model = require "moonflash.engine.model"

local fit = {}

local function same(a, b)
  return not a or not b or a:lower() == b:lower()
end

-- Nobody has published the product field of a 9x15 image (reference: CWE header): one that names no
-- chip says nothing when the family is named.
local function names_chip(product)
  return product:lower():find "^9x%d%d$" ~= nil
end

-- The settings of a laptop's maker name a model instead of a family.
local function other_model(self, images)
  for _, image in ipairs(images.images or {}) do
    if image.model and not model.answers_to(self, image.model) then return image.model end
  end
end

--- The work of model.fits.
-- @tparam table self the model
-- @tparam table images an image set
function fit.fits(self, images)
  local other = other_model(self, images)
  if other or not same(self.family, images.family) then return false, other end
  return same(self.product, images.product) or images.family ~= nil and not names_chip(images.product)
end

local function names_ids(self, ids)
  for _, kind in ipairs { "application", "download" } do
    for _, own in ipairs(self.usb[kind]) do
      if own:lower() == ids then return true end
    end
  end
  return false
end

--- The work of model.is_for.
-- @tparam table self the model
-- @tparam table device
-- @tparam table models
function fit.is_for(self, device, models)
  if device.model == self.name then return true end
  for _, other in ipairs(models) do
    local alike = other.family == self.family and other.product == self.product
    if other.name == device.model and not alike then return false end
  end
  return names_ids(self, device.vid .. ":" .. device.pid)
end

return fit
