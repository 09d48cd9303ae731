-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Script files: where they are found, whether they may be run, how they are loaded, and the models among them.
-- Every .lua file in a folder "models" is a model; no other file is.

local failure = require "moonflash.base.failure"
local install = require "moonflash.base.install"
local model = require "moonflash.engine.model"
local run = require "moonflash.base.run"
local sys = require "moonflash.core.sys"
local user_code = require "moonflash.engine.user_code"

local files = {}

--- The folders of scripts. A file in an earlier folder overrides the file of the same name in a later one.
files.folders = { "/etc/moonflash/scripts", install.scripts }

-- --- which files may be run ---------------------------------------------------------------------

local LONGEST = 1048576
local OTHERS_WRITE, STICKY = 2, 512 -- bits of a mode

local function has(mode, bit)
  return math.floor(mode / bit) % 2 == 1
end

local function refuse_writable(script, path, mode)
  return nil, failure.new("script.untrusted", "other users can modify " .. script, {
    evidence = ("%s has mode %o"):format(path, mode),
    hint = ("read the script, then `chmod o-w %s`; on a file system without modes (FAT) copy the script to a "
      .. "folder of your own"):format(path) })
end

-- Scripts run with the caller's privileges, usually root. Other users must not be able to write to the file or to
-- its folder. In a folder like /tmp, where only owners replace files, the file must belong to root or the caller.
local function check_permissions(path)
  local folder = path:match "^(.+)/[^/]*$" or "/"
  local file, missing = sys.stat(path)
  local place = file and sys.stat(folder)
  if not place then return nil, missing end
  if has(file.mode, OTHERS_WRITE) then return refuse_writable(path, path, file.mode) end
  local is_own = file.uid == 0 or file.uid == sys.user_id()
  if has(place.mode, OTHERS_WRITE) and not (has(place.mode, STICKY) and is_own) then
    return refuse_writable(path, folder, place.mode)
  end
  return true
end

local function not_found(path, fields)
  return nil, failure.new("script.not_found", "no such script: " .. path, fields)
end

-- A pipe: `moonflash run <(...)`.
local function read_descriptor(path)
  local file, reason = io.open(path, "rb")
  if not file then return not_found(path, { evidence = reason }) end
  local text = file:read(LONGEST) or ""
  file:close()
  return text
end

local function read(path)
  if path:find "^/dev/fd/%d+$" or path == "/dev/stdin" then return read_descriptor(path) end
  local real, missing = sys.real_path(path)
  if not real then return not_found(path, { cause = missing }) end
  local allowed, refused = check_permissions(real)
  if not allowed then return nil, refused end
  local text, unreadable = sys.read_file(real)
  if text then return text end
  return nil, failure.new("script.invalid", "cannot read the script " .. path, { cause = unreadable })
end

-- --- loading ------------------------------------------------------------------------------------

-- LuaJIT: compiled code runs no hooks, so Ctrl-C would not end its loops.
local interpret = rawget(_G, "jit") and rawget(_G, "jit").off
local parse_text = loadstring or load -- Lua 5.1 or 5.4

-- The function that a script file is.
local function parse(path)
  local text, unreadable = read(path)
  if not text then return nil, unreadable end
  text = text:gsub("^#[^\n]*", "")
  local chunk = parse_text(text, "@" .. path)
  if chunk then return chunk end
  local _, problem = parse_text(text, "=") -- Lua shortens a long path in its message
  return nil, failure.new("script.invalid", path .. problem)
end

-- The files that are being loaded. Within a model that overrides a bundled one, the name means the bundled one.
local loading = {}

local function real(path)
  return sys.real_path(path) or path
end

local function after_call(file, ran, ...)
  loading[file] = nil
  if ran then return ... end
  return nil, (...)
end

--- Loads the script file `path`: calls it with the other arguments. Returns what the script returns, or nil and a
-- failure: script.not_found, script.untrusted, script.invalid, script.raised, or one that it raised.
function files.load(path, ...)
  local chunk, problem = parse(path)
  if not chunk then return nil, problem end
  if interpret then interpret(chunk, true) end
  local file = real(path)
  if loading[file] then return nil, failure.new("script.invalid", path .. " loads itself") end
  loading[file] = true
  return after_call(file, user_code.call(chunk, ...))
end

-- While a model is loaded it sees no modem: listing modems must not start the update of a misplaced script.
local NO_MODEM = { root = "/dev/null", selection = {}, options = {}, emit = function() end }

local function load_model(path)
  local made, problem = run.within(NO_MODEM, files.load, path)
  if model.is(made) then return made end
  return nil, failure.is(problem) and problem
    or failure.new("script.invalid", path .. " does not return flash.model { ... }")
end

-- --- finding ------------------------------------------------------------------------------------

local function is_file(path)
  return (sys.stat(real(path)) or {}).kind == "file"
end

-- The first file of a name, in lower case, too, below the folders of scripts.
local function find_by_name(name, subfolders)
  local bare = name:gsub("%.lua$", "")
  for _, folder in ipairs(files.folders) do
    for _, subfolder in ipairs(subfolders) do
      for _, file in ipairs { bare, bare:lower() } do
        local path = ("%s%s/%s.lua"):format(folder, subfolder, file)
        if is_file(path) and not loading[real(path)] then return path end
      end
    end
  end
  return nil, failure.new("script.not_found", "no script for " .. name,
    { evidence = "looked in " .. table.concat(files.folders, ", "),
      hint = "check the name; `moonflash run` also takes a file, like ./mine.lua" })
end

--- The path of a script: "./mine.lua", "mine", "examples/inventory" or, a model, "mc7455"; or nil and failure
-- script.not_found.
function files.find(name)
  if is_file(name) then return name:find "/" and name or "./" .. name end
  if name:find "^%.?%.?/" then return name end
  local path, missing = find_by_name(name, { "", "/models" })
  return path or name:find "/" and name, missing
end

--- A model by its name or its path.
-- @tparam string name "mc7455" or "./mine.lua"
-- @treturn table the model, or nil and a failure: script.not_found, script.untrusted, script.invalid, script.raised
function files.script(name)
  if name:find "/" then return load_model(name) end
  local path, missing = find_by_name(name, { "/models" })
  if not path then return nil, missing end
  return load_model(path)
end

--- The model that a script returns, by its name as for find. Returns nil when the script returns no model; or nil and a
-- failure, as of script.
function files.model_of(name)
  local path, missing = files.find(name)
  if not path then return nil, missing end
  local made, problem = run.within(NO_MODEM, files.load, path)
  if model.is(made) then return made end
  return nil, failure.is(problem) and problem.code:find "^script%." and problem or nil
end

-- --- all models ---------------------------------------------------------------------------------

local warned = {} -- the messages of earlier calls

local function warn_once(emit, problem)
  local message = tostring(problem) .. "; it is left out"
  if not warned[message] then emit { event = "warning", code = problem.code, message = message } end
  warned[message] = true
end

-- The files in a folder of models. A link to nothing is one that does not load.
local function list_files(folder)
  local paths = {}
  for _, name in ipairs(sys.list(folder) or {}) do
    local path = folder .. name
    if name:find "^[^.].*%.lua$" and (sys.stat(path) or {}).kind ~= "folder" and not loading[real(path)] then
      paths[#paths + 1] = path
    end
  end
  return paths
end

--- All models: every .lua file in the folders "models". A file that does not load is left out with a warning, so
-- that modems are still found and recovered; then the file that it overrides is used.
-- @tparam[opt] function emit gets the warnings, each once
-- @treturn table array of models, those of earlier folders first
-- @treturn ?table the failure of the first file that does not load
function files.all(emit)
  local models, overridden, broken = {}, {}, nil
  for _, folder in ipairs(files.folders) do
    for _, path in ipairs(list_files(folder .. "/models/")) do
      local name = path:match "[^/]*$"
      local made, problem
      if not overridden[name] then made, problem = load_model(path) end
      models[#models + 1], overridden[name] = made, overridden[name] or made
      broken = broken or problem
      if problem and emit then warn_once(emit, problem) end
    end
  end
  return models, broken
end

return files
