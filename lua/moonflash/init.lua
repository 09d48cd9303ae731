--- moonflash: firmware updates of Sierra Wireless modems, for scripts and for programs.
--
--     local flash = require "moonflash"
--     local result = flash.update { files = { "new.cwe", "new.nvu" } }
--
-- Parts are loaded when they are first used, so a program that only lists modems pays for no more.
-- @module moonflash

local parts = {
  steps = "steps", routes = "routes", device = "device", image = "image", failure = "failure",
  qmi = "qmi", download = "download", versions = "versions",
}

local functions = {
  model = { "model", "define" }, models = { "model", "all" }, script = { "model", "script" },
  update = { "update", "update" }, plan = { "update", "plan" }, run_script = { "script", "run" },
  switch = { "procedures", "switch" }, recover = { "procedures", "recover" }, status = { "status", "read" },
  job = { "child", "start" },
}

local core = { port = "port", crc = "crc", bytes = "bytes", cwe = "cwe" }

local flash = { _VERSION = "moonflash " .. require("moonflash.place").version }

return setmetatable(flash, { __index = function(self, name)
  local value
  if parts[name] then
    value = require("moonflash." .. parts[name])
  elseif core[name] then
    value = require("moonflash.core." .. core[name])
  elseif functions[name] then
    value = require("moonflash." .. functions[name][1])[functions[name][2]]
  end
  rawset(self, name, value)
  return value
end })
