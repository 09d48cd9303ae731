-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The course of a job: the phase it is in, and how long it is going to take.
-- @module moonflash.rpcd.course

local course = {}

-- The phases of a job in their order, each with its usual seconds: those of `moonflash plan`.
local UPDATE = { { "preparing", 2 }, { "entering", 45 }, { "sending", 90 }, { "restarting", 65 }, { "confirming", 10 } }
local RESTART = { { "preparing", 2 }, { "restarting", 70 }, { "confirming", 10 } }

local courses = { update = UPDATE, recover = RESTART, switch = RESTART }

-- The phase that begins with a step. All other steps belong to the phase before them, the first ones to `preparing`.
local begins = {
  ["read versions"] = "preparing", ["enter download mode"] = "entering", ["send images"] = "sending",
  ["leave download mode"] = "restarting", ["wait for the modem"] = "restarting", ["restart"] = "restarting",
  ["confirm"] = "confirming",
}

--- The name of the course of a command with `further` arguments; nil when it changes no modem.
function course.name(command, further)
  if command == "recover" and further > 0 then return "update" end
  return courses[command] and command
end

-- The phase after these events, and when it began, in ms.
local function phase_of(lines)
  local phase, since = "reading", 0
  for _, line in ipairs(lines) do
    local is_begin = line.event == "step" and line.state == "started"
    local following = is_begin and (begins[line.step] or phase == "reading" and "preparing")
    if following and following ~= phase then phase, since = following, tonumber(line.t) or since end
  end
  return phase, since
end

local function eta_in(lines)
  local last = lines[#lines]
  return last and last.event == "progress" and tonumber(last.eta) or nil
end

-- Seconds from now to the end.
local function seconds_left(phases, phase, in_phase, eta)
  local left, is_later = 0, phase == "reading"
  for _, row in ipairs(phases) do
    if is_later then
      left = left + row[2]
    elseif row[1] == phase then
      left, is_later = eta or math.max(0, row[2] - in_phase), true
    end
  end
  return left
end

--- The phase of a job, and the seconds from its begin to its end as far as they are known.
function course.of(state, name, lines, elapsed)
  if state == "waiting" then return "waiting" end
  if state ~= "running" then return "ended" end
  local phase, since = phase_of(lines)
  if not name then return phase end
  local left = seconds_left(courses[name], phase, elapsed - since / 1000, eta_in(lines))
  return phase, math.floor(elapsed + left)
end

return course
