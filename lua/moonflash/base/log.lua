--- What a script has to say, by printf formats; whoever started it decides where it goes (a terminal,
-- a log file, syslog), so nothing here ever mixes with the JSON on standard output.
--
--     flash.log.say("%s runs %s", device.place, running.firmware)
--
-- Sizes of 2 GiB and more: "%.0f", because "%d" cannot hold them in every Lua.
-- @module moonflash.base.log

local context = require "moonflash.base.run"
local later = require "moonflash.base.later"

local blame = later "moonflash.engine.blame"

local log = {}

local function emit(event, ...)
  local ok, message = pcall(string.format, ...)
  if not ok then blame.caller(message) end
  event.message = message
  context.current().emit(event)
end

--- For people, always.
-- @tparam string format
-- @param ... its values
function log.say(format, ...)
  emit({ event = "say" }, format, ...)
end

--- For people who want to know more (`--verbose`), and for the log file.
-- @tparam string format
-- @param ... its values
function log.note(format, ...)
  emit({ event = "note" }, format, ...)
end

--- Something a person should know although the script goes on. Its code is script.warning.
-- @tparam string format
-- @param ... its values
function log.warn(format, ...)
  emit({ event = "warning", code = "script.warning" }, format, ...)
end

return log
