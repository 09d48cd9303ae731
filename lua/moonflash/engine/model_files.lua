--- The files that scripts are: where they are looked for, how they are loaded, and which of them are models.
-- @module moonflash.engine.model_files

local failure = require "moonflash.base.failure"
local foreign = require "moonflash.engine.user_code"
local model = require "moonflash.engine.model"
local place = require "moonflash.base.install"
local sys = require "moonflash.core.sys"
local trust = require "moonflash.engine.trust"

local files = {}

--- Where scripts are looked for by name; the first hit wins, so /etc overrides what is bundled. Models are in
-- the folder "models" of each.
files.folders = { "/etc/moonflash/scripts", place.scripts }

-- LuaJIT's compiled code looks at no hooks, so nothing could end its loops.
local interpret = rawget(_G, "jit") and rawget(_G, "jit").off

local function after_call(ran, ...)
  if ran then return ... end
  return nil, (...)
end

--- The function a script file is.
-- @tparam string path
-- @treturn function, or nil and a failure: script.not_found, script.untrusted, script.invalid
function files.parse(path)
  local text, untrusted = trust.read(path)
  if not text then return nil, untrusted end
  text = text:gsub("^#[^\n]*", "")
  local chunk = loadstring(text, "@" .. path)
  if chunk then return chunk end
  -- with the path as its name Lua would shorten a long one
  local _, problem = loadstring(text, "=")
  return nil, failure.new("script.invalid", path .. problem)
end

-- The files that are being loaded. One that takes the place of a bundled script by its name means that one
-- when it says the name.
local loading = {}

local function is_loading(path)
  return loading[sys.real_path(path) or path] ~= nil
end

local function loaded(file, ...)
  loading[file] = nil
  return after_call(...)
end

--- Loads a script file.
-- @tparam string path
-- @param ... handed to the script as its `...`
-- @return what the script returns, or nil and a failure as of parse, or script.raised
function files.load(path, ...)
  local chunk, problem = files.parse(path)
  if not chunk then return nil, problem end
  if interpret then interpret(chunk, true) end
  if is_loading(path) then return nil, failure.new("script.invalid", path .. " loads itself") end
  local file = sys.real_path(path) or path
  loading[file] = true
  return loaded(file, foreign.call(chunk, ...))
end

local function load_model(path)
  local description, problem = files.load(path)
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
  for _, folder in ipairs(files.folders) do
    for _, file in ipairs { bare, bare:lower(), "models/" .. bare, "models/" .. bare:lower() } do
      local path = ("%s/%s.lua"):format(folder, file)
      if is_file(path) and not is_loading(path) then return path end
    end
  end
end

--- Where a script is: a name is looked for in files.folders, a path says it itself.
-- @tparam string name "mc7455", "mine.lua", "examples/inventory" or "./mine.lua"; files may be in lower
-- case
-- @treturn string the path, or nil and failure script.not_found
function files.find(name)
  local path = not name:find "^%.?%.?/" and find_in_folders(name) or name:find "/" and name
  if path then return path end
  return nil, failure.new("script.not_found", "no script for " .. name,
    { evidence = "looked in " .. table.concat(files.folders, ", "),
      hint = "check the name; `moonflash run` also takes a file, like ./mine.lua" })
end

--- A model's script by its file name.
-- @tparam string name see files.find
-- @treturn table the model, or nil and a failure: script.not_found, script.invalid, script.raised
function files.script(name)
  local path, missing = files.find(name)
  if not path then return nil, missing end
  return load_model(path)
end

-- Whether the text of a file says one of these words of flash, outside of comments.
local function says(path, words)
  local text = (sys.read_file(path) or ""):gsub("%-%-[^\n]*", "")
  for word in text:gmatch "%f[%w_]flash%.([%a_]+)" do
    if words[word] then return true end
  end
  return false
end

local makes = { model = true, insert_before = true, insert_after = true, replace = true, remove = true,
  change = true, rename = true }

--- Whether a file makes a model, told by its text.
-- @tparam string path
-- @treturn boolean
function files.makes_model(path)
  return says(path, makes)
end

--- Whether a file is a model's script, told by its text, for any other script does its work when it
-- is loaded: outside of comments it says `flash.model` or `flash.script`.
-- @tparam string path
-- @treturn boolean
function files.is_script(path)
  return says(path, { model = true, script = true })
end

-- What takes the place of another is where that would be.
local function move_last(models, description)
  for index, each in ipairs(models) do
    if each == description then return table.insert(models, table.remove(models, index)) end
  end
end

-- What one folder adds to the models.
local function add_models(models, seen, folder, tell)
  for _, file in ipairs(sys.list(folder) or {}) do
    local path = folder .. "/" .. file
    if seen[file] then
      move_last(models, seen[file])
    elseif file:match "%.lua$" and files.is_script(path) and not is_loading(path) then
      collectgarbage() -- what loading modules left: 90 kB less at the peak, which listing modems has here
      local description, problem = load_model(path)
      if not description then tell(problem) end
      seen[file] = description
      models[#models + 1] = description
    end
  end
end

local told = {} -- what there was a warning for already

local function warn(emit, problem)
  local message = tostring(problem) .. "; it is left out"
  if told[message] then return end
  told[message] = true
  emit { event = "warning", code = problem.code, message = message }
end

--- All models there are scripts for; a name in /etc hides the bundled one. Scripts that are no
-- models are for `moonflash run` alone. One that does not load is left out, for a modem must be found, asked
-- and led back all the same; what would send images had better not begin without it.
-- @tparam[opt] function emit warned of each that does not load, the first time
-- @treturn table array of models
-- @treturn ?table the failure of the first that does not load
function files.all(emit)
  local models, seen, broken = {}, {}, nil
  for _, folder in ipairs(files.folders) do
    add_models(models, seen, folder .. "/models", function(problem)
      broken = broken or problem
      if emit then warn(emit, problem) end
    end)
  end
  return models, broken
end

return files
