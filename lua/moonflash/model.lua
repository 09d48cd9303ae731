--- Model scripts: a table that says what a modem is and which steps bring it to new firmware.
-- Everything a script says is checked when it is loaded, so a typing mistake dies at the desk.
-- @module moonflash.model

local failure = require "moonflash.failure"
local place = require "moonflash.place"
local sys = require "moonflash.core.sys"

local model = {}

local meta = { __name = "moonflash.model" }

--- Where scripts are looked for by name; the first hit wins, so /etc overrides what is bundled.
model.folders = { "/etc/moonflash/scripts", place.scripts }

local known = {
  name = "string", family = "string", product = "string", usb = "table",
  aliases = "table", summary = "string",
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

--- Declares a model: fields name, family, product, usb and the steps in their order.
-- @tparam table description see scripts/README.md
-- @treturn table the model, which a script returns
-- @raise for a field that is unknown, missing or of the wrong type
function model.define(description)
  check_fields(description)
  for index, step in ipairs(description) do
    if type(step) ~= "table" or type(step.name) ~= "string" or type(step.run) ~= "function" then
      error("step " .. index .. " is no step: it needs a name and a run function", 2)
    end
  end
  return setmetatable(description, meta)
end

--- Whether a value is a model made by model.define.
function model.is(value)
  return getmetatable(value) == meta
end

--- Whether images made for a product and family are for this model; case does not matter, and
-- what the images do not say is no objection.
function model.fits(self, images)
  local function same(a, b) return not a or not b or a:lower() == b:lower() end
  return same(self.product, images.product) and same(self.family, images.family)
end

--- Whether a name is this model's or one of its aliases; case does not matter.
function model.answers_to(self, name)
  local wanted = name:lower()
  if self.name:lower() == wanted then return true end
  for _, alias in ipairs(self.aliases or {}) do
    if alias:lower() == wanted then return true end
  end
  return false
end

--- Loads a script file.
-- @tparam string path
-- @param ... handed to the script as its `...`
-- @return what the script returns, or nil and a failure: script.not_found, script.invalid
function model.load(path, ...)
  local found, missing = sys.stat(path)
  if not found then
    return nil, failure.new("script.not_found", "no such script: " .. path, { cause = missing })
  end
  local chunk, problem = loadfile(path)
  if not chunk then return nil, failure.new("script.invalid", problem) end
  local results = { pcall(chunk, ...) }
  if results[1] then return unpack(results, 2, table.maxn(results)) end
  if failure.is(results[2]) then return nil, results[2] end
  return nil, failure.new("script.raised", tostring(results[2]))
end

local function load_model(path)
  local description, problem = model.load(path)
  if not description then return nil, problem end
  if not model.is(description) then
    return nil, failure.new("script.invalid", path .. " does not return flash.model { ... }")
  end
  return description
end

--- The script of a model by its file name: a path, else looked for in /etc and among the bundled.
-- @tparam string name "mc7455" or "./mine.lua"; case does not matter for names
-- @treturn table the model, or nil and a failure
function model.script(name)
  if name:find "/" then return load_model(name) end
  for _, folder in ipairs(model.folders) do
    local path = folder .. "/" .. name:lower() .. ".lua"
    if sys.stat(path) then return load_model(path) end
  end
  return nil, failure.new("script.not_found", "no script for " .. name,
    { evidence = "looked in " .. table.concat(model.folders, ", ") })
end

--- All models there are scripts for; a name in /etc hides the bundled one.
-- @treturn table array of models, or nil and the failure of the first script that does not load
function model.all()
  local models, seen = {}, {}
  for _, folder in ipairs(model.folders) do
    for _, file in ipairs(sys.list(folder) or {}) do
      if file:match "%.lua$" and not seen[file] then
        seen[file] = true
        local description, problem = load_model(folder .. "/" .. file)
        if not description then return nil, problem end
        models[#models + 1] = description
      end
    end
  end
  return models
end

return model
