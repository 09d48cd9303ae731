-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The outcome of a run, as lines that can be compared with those of another run: steps, warnings, the result.
-- They leave out what differs between machines: times, numbers of nodes, folders, other users of the modem, and
-- other modems.

local json = require "moonflash.base.json"

local outcome = {}

local function plain(text)
  return (text:gsub("%d+%.%d s", "N s"):gsub("ttyUSB%d+", "ttyUSB*"):gsub("cdc%-wdm%d+", "cdc-wdm*"))
end

local function of_step(event)
  if event.step:find "^give " then return nil end
  return ("step '%s' %s%s"):format(event.step, event.state, event.message and ": " .. event.message or "")
end

-- Codes of warnings about the machine; those of its checks are, too.
local of_machine = { ["device.busy"] = true, ["source.over_modem"] = true }

local function of_warning(event)
  if event.code:find "^preflight%." or of_machine[event.code] then return nil end
  return ("warning %s: %s"):format(event.code, event.message)
end

local function of_result(event)
  local problem = event.failure
  local parts = { "exit " .. ("%.0f"):format(event.exit) }
  if problem then
    parts[2] = problem.code == "device.none" and problem.code or problem.code .. ": " .. problem.message
  end
  for _, name in ipairs { "before", "after" } do
    if event[name] then parts[#parts + 1] = name .. " " .. json.encode(event[name]) end
  end
  return table.concat(parts, ", ")
end

local makers = { step = of_step, warning = of_warning, result = of_result }

--- The lines of a run: of the events of a trace, or of `--json` without nulls. A cleaner cleans the texts
-- (moonflash.trace.redact).
function outcome.lines(events, cleaner)
  local lines = {}
  for _, event in ipairs(events) do
    local make = makers[event.event]
    local text = make and make(cleaner and cleaner:clean(event) or event)
    lines[#lines + 1] = text and plain(text)
  end
  return lines
end

--- The number of the first line in which two runs differ; nil when they agree. If one of them was stopped, its missing
-- lines are no difference.
function outcome.difference(recorded, replayed, stopped)
  for index = 1, (stopped and math.min or math.max)(#recorded, #replayed) do
    if recorded[index] ~= replayed[index] then return index end
  end
end

return outcome
