-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

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
  at = "protocol.at", bytes = "core.bytes", crc = "core.crc", cwe = "core.cwe", device = "device",
  dms = "protocol.qmi.dms", download = "protocol.qdl", engine = "engine", failure = "base.failure",
  image = "image", log = "base.log", port = "core.port", qmi = "protocol.qmi", routes = "procedure.routes",
  steps = "procedure.steps", sys = "core.sys", versions = "procedure.versions",
}

-- Single functions, each the last word, of a part.
local functions = {
  models = "engine.model_files.all", script = "engine.model_files.script", model = "engine.model.define",
  insert_before = "engine.model_edit.insert_before", insert_after = "engine.model_edit.insert_after",
  replace = "engine.model_edit.replace", remove = "engine.model_edit.remove",
  change = "engine.model_edit.change", rename = "engine.model_edit.rename",
  devices = "commands.devices.list", open = "commands.job.open", try = "base.failure.try",
  update_steps = "procedure.update_steps.steps", update = "commands.update", plan = "commands.plan",
  switch = "commands.switch", recover = "commands.recover", status = "commands.status",
  run_script = "commands.run", job = "commands.child.start",
  trace = "commands.trace", replay = "sim.replay.run",
}

local flash = { _VERSION = "moonflash " .. require("moonflash.base.install").version }

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
