-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The line of text for an event of a step.

local step_line = {}

-- By the state; the message may be nil. A step that is skipped may have been started. `part`: the part of the step that
-- was done last, such as a route, whose name is the message then.
local of_step = {
  started = function(step) return step end,
  done = function(_, message, _, part)
    if message and part == "route " .. message then return "  by the " .. part end
    return message and "  " .. message
  end,
  skipped = function(step, message, is_started)
    return (is_started and " " or step .. ":") .. " skipped" .. (message and " (" .. message .. ")" or "")
  end,
  failed = function(_, message) return "  failed" .. (message and ": " .. message or "") end,
}

-- Of a part of a step.
local of_part = {
  skipped = function(step, message) return ("  %s: skipped (%s)"):format(step, message) end,
  failed = function(step, message) return ("  %s: %s"):format(step, message or "failed") end,
}

-- Of what is undone.
local of_undo = {
  started = function(step) return "  " .. step end,
  failed = of_step.failed,
}

--- The line for an event, nil when there is none. `started` is the step that was started and has not ended, `part`
-- its last part that was done.
function step_line.of(event, started, part)
  local lines = event.part and of_part or event.undo and of_undo or of_step
  local line_of = lines[event.state]
  return line_of and line_of(event.step, event.message, started == event.step, part) or nil
end

return step_line
