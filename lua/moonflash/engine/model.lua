--- Models: a table that says what a modem is and which steps bring it to new firmware.
-- Everything a script says is checked when it is loaded, so a typing mistake dies at the desk.
-- @module moonflash.engine.model

local later = require "moonflash.base.later"
local step = require "moonflash.engine.step"

local model = {}

local meta = { __name = "moonflash.engine.model" }

local known = {
  name = "string", family = "string", product = "string", usb = "table",
  aliases = "table", summary = "string",
  preference_command = "string", -- AT command that sets the firmware preference: see routes.impref
}

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
  check_ids(description.usb.application, "application")
  check_ids(description.usb.download, "download")
end

-- A list of steps, such as flash.update_steps makes, stands for the steps in it. One that is nil is no
-- step either: what comes behind it must not be lost.
local function flatten(description)
  local steps = {}
  for index = 1, table.maxn(description) do
    local entry = description[index]
    local list = type(entry) == "table" and #entry > 0 and entry or { entry or false }
    for place = 1, table.maxn(list) do steps[#steps + 1] = list[place] or false end
    description[index] = nil
  end
  for index, one in ipairs(steps) do description[index] = one end
end

--- Declares a model: fields name, family, product, usb and the steps in their order.
-- @tparam table description see scripts/README.md
-- @treturn table the model, which a script returns
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

--- Whether images are for this model by their product, family and model; case does not matter, and
-- what the images do not say is no objection.
-- @tparam table self the model
-- @tparam table images an image set
-- @treturn boolean
-- @treturn ?string the other model that an image names
model.fits = later("moonflash.engine.fit", "fits")

--- Whether a model of somebody's own, whatever its name, is for a device: it names its ids, and is of the
-- same family and product as the model that the device is otherwise taken for.
-- @tparam table self the model
-- @tparam table device
-- @tparam table models all there are
-- @treturn boolean
model.is_for = later("moonflash.engine.fit", "is_for")

--- Whether a name is this model's or one of its aliases; case does not matter.
-- @tparam table self a model
-- @tparam string name
-- @treturn boolean
function model.answers_to(self, name)
  local wanted = name:lower()
  if self.name:lower() == wanted then return true end
  for _, alias in ipairs(self.aliases or {}) do
    if alias:lower() == wanted then return true end
  end
  return false
end

return model
