-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Messages of a script, with printf formats. They are events: the caller of the script decides where they go (a
-- terminal, a log file, syslog), so they never mix with the JSON on standard output.
--
--     flash.log.say("%s runs %s", device.place, running.firmware)
--
-- Print sizes of 2 GiB and above by "%.0f": "%d" cannot hold them in every Lua.

local context = require "moonflash.base.run"

local log = {}

local function emit(event, ...)
  local ok, message = pcall(string.format, ...)
  if not ok then error(message, 3) end
  event.message = message
  context.current().emit(event)
end

--- Prints a message.
-- @tparam string format
-- @param ... its values
function log.say(format, ...)
  emit({ event = "say" }, format, ...)
end

--- Prints a message with `--verbose` only; the log file always gets it.
-- @tparam string format
-- @param ... its values
function log.note(format, ...)
  emit({ event = "note" }, format, ...)
end

--- Prints a warning, with the code script.warning. The script continues.
-- @tparam string format
-- @param ... its values
function log.warn(format, ...)
  emit({ event = "warning", code = "script.warning" }, format, ...)
end

return log
