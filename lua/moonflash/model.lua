--- Model scripts: a table that says what a modem is and which steps bring it to new firmware.
-- Everything a script says is checked when it is loaded, so a typing mistake dies at the desk.
-- @module moonflash.model

local failure = require "moonflash.failure"
local foreign = require "moonflash.foreign"
local place = require "moonflash.place"
local sys = require "moonflash.core.sys"
local trust = require "moonflash.trust"

local model = {}

local meta = { __name = "moonflash.model" }

--- Where scripts are looked for by name; the first hit wins, so /etc overrides what is bundled.
model.folders = { "/etc/moonflash/scripts", place.scripts }

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

-- A list of steps, such as flash.update_steps makes, stands for the steps in it.
local function flatten(description)
  local steps = {}
  for index, entry in ipairs(description) do
    local list = type(entry) == "table" and #entry > 0 and entry or { entry }
    for _, step in ipairs(list) do steps[#steps + 1] = step end
    description[index] = nil
  end
  for index, step in ipairs(steps) do description[index] = step end
end

--- Declares a model: fields name, family, product, usb and the steps in their order.
-- @tparam table description see scripts/README.md
-- @treturn table the model, which a script returns
-- @raise for a field that is unknown, missing or of the wrong type
function model.define(description)
  check_fields(description)
  flatten(description)
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

--- Whether images are for this model by their product, family and model; case does not matter, and
-- what the images do not say is no objection.
-- @tparam table self the model
-- @tparam table images an image set
-- @treturn boolean
-- @treturn ?string the other model that an image names
function model.fits(self, images)
  local other = other_model(self, images)
  if other or not same(self.family, images.family) then return false, other end
  return same(self.product, images.product) or images.family ~= nil and not names_chip(images.product)
end

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

-- LuaJIT's compiled code looks at no hooks, so nothing could end its loops.
local interpret = rawget(_G, "jit") and rawget(_G, "jit").off

local function after_call(ran, ...)
  if ran then return ... end
  return nil, (...)
end

--- The function a script file is.
-- @tparam string path
-- @treturn function, or nil and a failure: script.not_found, script.untrusted, script.invalid
function model.parse(path)
  local text, untrusted = trust.read(path)
  if not text then return nil, untrusted end
  text = text:gsub("^#[^\n]*", "")
  local chunk = loadstring(text, "@" .. path)
  if chunk then return chunk end
  -- with the path as its name Lua would shorten a long one
  local _, problem = loadstring(text, "=")
  return nil, failure.new("script.invalid", path .. problem)
end

--- Loads a script file.
-- @tparam string path
-- @param ... handed to the script as its `...`
-- @return what the script returns, or nil and a failure as of parse, or script.raised
function model.load(path, ...)
  local chunk, problem = model.parse(path)
  if not chunk then return nil, problem end
  if interpret then interpret(chunk, true) end
  return after_call(foreign.call(path, chunk, ...))
end

local function load_model(path)
  local description, problem = model.load(path)
  if not description then return nil, problem end
  if not model.is(description) then
    return nil, failure.new("script.invalid", path .. " does not return flash.model { ... }")
  end
  return description
end

local function is_file(path)
  local seen = sys.stat(path)
  return seen and seen.kind == "file"
end

local function find_in_folders(name)
  local bare = name:gsub("%.lua$", "")
  for _, folder in ipairs(model.folders) do
    for _, file in ipairs { bare, bare:lower() } do
      local path = ("%s/%s.lua"):format(folder, file)
      if is_file(path) then return path end
    end
  end
end

--- Where a script is: a name is looked for in model.folders, a path says it itself.
-- @tparam string name "mc7455", "mine.lua", "examples/inventory" or "./mine.lua"; files may be in lower
-- case
-- @treturn string the path, or nil and failure script.not_found
function model.find(name)
  local path = not name:find "^%.?%.?/" and find_in_folders(name) or name:find "/" and name
  if path then return path end
  return nil, failure.new("script.not_found", "no script for " .. name,
    { evidence = "looked in " .. table.concat(model.folders, ", ") })
end

--- A model's script by its file name.
-- @tparam string name see model.find
-- @treturn table the model, or nil and a failure: script.not_found, script.invalid, script.raised
function model.script(name)
  local path, missing = model.find(name)
  if not path then return nil, missing end
  return load_model(path)
end

--- Whether a file is a model's script, told by its text, for any other script does its work when it
-- is loaded: outside of comments it says `flash.model` or `flash.script`.
-- @tparam string path
-- @treturn boolean
function model.is_script(path)
  local text = (sys.read_file(path) or ""):gsub("%-%-[^\n]*", "")
  return text:find "%f[%w_]flash%.model%f[^%w_]" ~= nil or text:find "%f[%w_]flash%.script%f[^%w_]" ~= nil
end

--- All models there are scripts for; a name in /etc hides the bundled one. Scripts that are no
-- models are for `moonflash run` alone.
-- @treturn table array of models, or nil and the failure of the first script that does not load
function model.all()
  local models, seen = {}, {}
  for _, folder in ipairs(model.folders) do
    for _, file in ipairs(sys.list(folder) or {}) do
      local path = folder .. "/" .. file
      if file:match "%.lua$" and not seen[file] and model.is_script(path) then
        seen[file] = true
        collectgarbage() -- what loading modules left: 90 kB less at the peak, which listing modems has here
        local description, problem = load_model(path)
        if not description then return nil, problem end
        models[#models + 1] = description
      end
    end
  end
  return models
end

return model
