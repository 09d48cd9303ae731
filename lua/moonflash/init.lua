--- moonflash: firmware updates of Sierra Wireless modems, for scripts and for programs.
--
--     local flash = require "moonflash"
--     local result = flash.update { files = { "new.cwe", "new.nvu" } }
--
-- Parts are loaded when they are first used, so a program that only lists modems pays for no more.
-- lua/README.md shows all of them by example; each part's own file says the rest.
-- @module moonflash

-- Parts of the library, each a table of functions.
local parts = {
  at = "at", device = "device", dms = "qmi.dms", download = "download", engine = "engine",
  failure = "failure", image = "image", log = "log", qmi = "qmi", routes = "routes", steps = "steps",
  versions = "versions",
}

-- Parts made in C.
local core = { bytes = "bytes", crc = "crc", cwe = "cwe", port = "port", sys = "sys" }

-- Single functions, by the part they stand in.
local functions = {
  models = { "model", "all" }, script = { "model", "script" }, model = { "model", "define" },
  insert_before = { "extend", "insert_before" }, insert_after = { "extend", "insert_after" },
  replace = { "extend", "replace" }, remove = { "extend", "remove" }, change = { "extend", "change" },
  rename = { "extend", "rename" },
  devices = { "modems", "list" }, open = { "modems", "open" }, try = { "failure", "try" },
  update_steps = { "steps.update", "steps" },
  update = { "update", "update" }, plan = { "update", "plan" }, switch = { "procedures", "switch" },
  recover = { "procedures", "recover" }, status = { "status", "read" }, run_script = { "script", "run" },
  job = { "child", "start" }, trace = { "recorded", "run" }, replay = { "replay", "run" },
}

local flash = { _VERSION = "moonflash " .. require("moonflash.place").version }

local function load(name)
  if parts[name] then return require("moonflash." .. parts[name]) end
  if core[name] then return require("moonflash.core." .. core[name]) end
  local where = functions[name]
  return where and require("moonflash." .. where[1])[where[2]]
end

return setmetatable(flash, { __index = function(self, name)
  local value = load(name)
  rawset(self, name, value)
  return value
end })
