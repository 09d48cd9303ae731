--- moonflash: firmware updates of Sierra Wireless modems, for scripts and for programs.
--
--     local flash = require "moonflash"
--     local result = flash.update { files = { "new.cwe", "new.nvu" } }
--
-- Parts are loaded when they are first used, so a program that only lists modems pays for no more.
-- lua/README.md shows all of them by example; each part's own file says the rest.
-- @module moonflash

-- Parts of the library, each a table of functions; those of core are made in C.
local parts = {
  at = "at", bytes = "core.bytes", crc = "core.crc", cwe = "core.cwe", device = "device", dms = "qmi.dms",
  download = "download", engine = "engine", failure = "failure", image = "image", log = "log",
  port = "core.port", qmi = "qmi", routes = "routes", steps = "steps", sys = "core.sys",
  versions = "versions",
}

-- Single functions, each the last word, of a part.
local functions = {
  models = "model.files.all", script = "model.files.script", model = "model.define",
  insert_before = "extend.insert_before", insert_after = "extend.insert_after",
  replace = "extend.replace", remove = "extend.remove", change = "extend.change", rename = "extend.rename",
  devices = "modems.list", open = "modems.open", try = "failure.try", update_steps = "steps.update.steps",
  update = "update.update", plan = "update.plan", switch = "procedures.switch",
  recover = "procedures.recover", status = "status.read", run_script = "script.run", job = "child.start",
  trace = "recorded.run", replay = "replay.run",
}

local flash = { _VERSION = "moonflash " .. require("moonflash.place").version }

local function load(name)
  if parts[name] then return require("moonflash." .. parts[name]) end
  local part, field = (functions[name] or ""):match "^(.+)%.(.+)$"
  return part and require("moonflash." .. part)[field]
end

return setmetatable(flash, { __index = function(self, name)
  local value = load(name)
  rawset(self, name, value)
  return value
end })
