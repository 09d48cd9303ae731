-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The course of a job: the phase it is in, and how long it is going to take.
-- @module moonflash.rpcd.course

local course = {}

-- The phase that begins with a step. All other steps belong to the phase before them, the first ones to `preparing`.
local begins = {
  ["read versions"] = "preparing", ["enter download mode"] = "entering", ["send images"] = "sending",
  ["leave download mode"] = "restarting", ["wait for the modem"] = "restarting", ["restart"] = "restarting",
  ["confirm"] = "confirming",
}

-- The phase after these events, and the begin of the last step whose time is known.
local function last_begin(lines)
  local phase, last = "reading", nil
  for _, line in ipairs(lines) do
    if line.event == "step" and line.state == "started" then
      phase = begins[line.step] or phase == "reading" and "preparing" or phase
      last = type(line.behind) == "number" and line or last
    end
  end
  return phase, last
end

-- Seconds until all images are sent.
local function eta_in(lines)
  local last = lines[#lines]
  return last.event == "progress" and tonumber(last.eta) or 0
end

--- The phase of a job, and the seconds from its begin to its end, when they are known.
function course.of(state, command, lines, elapsed)
  if state == "waiting" then return "waiting" end
  if state ~= "running" then return "ended" end
  local phase, step = last_begin(lines)
  if not step or command == "plan" then return phase end
  local left = math.max(eta_in(lines), step.seconds - (elapsed - step.t / 1000))
  return phase, math.floor(elapsed + left + step.behind)
end

return course
