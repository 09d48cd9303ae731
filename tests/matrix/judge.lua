-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What must hold after a cell, whatever went wrong in it. Each rule gives nothing, or words.
-- @module tests.matrix.judge

local ends = require "tests.matrix.ends"
local messages = require "tests.matrix.messages"

local judge = {}

-- --- the rules -----------------------------------------------------------------------------------

local rules = {}

function rules.ended(_, seen)
  if seen.late then return "did not end: " .. seen.late end
  if not seen.result or seen.result.event ~= "result" then return "no result: " .. seen.stderr end
end

-- Such a cell proves nothing.
function rules.struck(cell, seen)
  for _, message in ipairs(messages.list(seen.log)) do
    if message.name == cell.message.name and message.number == cell.message.number then return end
  end
  return "the message with the fault did not come"
end

function rules.told(_, seen)
  local result, results = seen.result, 0
  for _, event in ipairs(seen.events) do results = results + (event.event == "result" and 1 or 0) end
  if results ~= 1 then return results .. " results" end
  if result.ok then return result.failure and "a failure of a success" end
  local problem = result.failure
  if not problem then return "no failure" end
  for _, field in ipairs { "code", "step", "message", "evidence", "hint" } do
    if not problem[field] or problem[field] == "" then
      return ("a failure without %s: %s"):format(field, tostring(problem.code))
    end
  end
end

function rules.got_over_it(cell, seen)
  if cell.mild and not seen.result.ok then
    return "it should have got over this: " .. seen.result.failure.code
  end
end

function rules.left_nothing(_, seen)
  local left = (seen.result.descriptors or "") .. (seen.result.children or "")
  if left ~= "" then return "left open: " .. left end
end

function rules.fits_the_state(cell, seen)
  local rule = ends[seen.result.exit]
  if not rule then return "exit status " .. tostring(seen.result.exit) end
  return rule(cell, seen.log)
end

local function failed_at(events)
  for index = #events, 1, -1 do
    local event = events[index]
    if event.state == "failed" and event.step == events[#events].failure.step then return event.at end
  end
end

-- What begins an image or leads into download mode; and what changes or restarts the modem, which only
-- putting back (exit status 6) may do.
local begins = {
  ["qdl.open"] = true, ["qdl.write"] = true, ["qdl.done"] = true, ["qmi.003e"] = true, ["at.boothold"] = true,
  ["firehose.program"] = true, ["firehose.write"] = true,
}
local changes = {
  ["qmi.0048"] = true, ["qmi.002e"] = true, ["at.impref"] = true, ["at.gobiimpref"] = true,
  ["at.reset"] = true, ["qdl.reset"] = true, ["firehose.power"] = true, ["sahara.reset"] = true,
}
local BOOT_AND_RECOVERY = "01" -- what Set Boot Image Download Mode is given

local function may_harm(entry, name, puts_back)
  if name == "qmi.0050" then return entry.tlvs["01"] == BOOT_AND_RECOVERY end
  return begins[name] or changes[name] and not puts_back
end

-- Nothing that could harm goes out when the step has failed.
function rules.held_still(_, seen)
  local since = not seen.result.ok and failed_at(seen.events)
  for _, entry in ipairs(since and seen.log or {}) do
    local name = messages.name(entry)
    if name and entry.t + seen.log[1].clock > since + 1 and may_harm(entry, name, seen.result.exit == 6) then
      return "sent " .. name .. " after the failure"
    end
  end
end

function rules.kept_torn_images(_, seen)
  for _, entry in ipairs(seen.log) do
    if entry.command == "reset" and entry.torn then return "reset a modem with a torn image" end
  end
end

function rules.succeeded(cell, seen)
  if seen.result.ok then return (cell.any_pair and ends.consistent or ends[0])(cell, seen.log) end
  local problem = seen.result.failure
  return ("exit %d, %s: %s (%s)"):format(seen.result.exit, tostring(problem.step), problem.message,
    tostring(problem.evidence))
end

local first_rules = {
  rules.struck, rules.told, rules.got_over_it, rules.left_nothing, rules.fits_the_state,
  rules.held_still, rules.kept_torn_images,
}

-- What the rules say, all of it; a run that did not end cannot be looked at further.
local function apply(list, cell, seen)
  local wrong = rules.ended(cell, seen)
  if wrong then return wrong end
  local found = {}
  for _, rule in ipairs(list) do found[#found + 1] = rule(cell, seen) end
  return found[1] and table.concat(found, "; ")
end

local function window_ended(log, from)
  for index = from, #log do
    if log[index].event == "window" then return true end
  end
  return false
end

--- Whether a run was slower than the modem it had to be in time for, which a busy machine can cause: the first run
-- did not reach the message, or the second one failed and missed a download window.
function judge.came_too_late(cell, first, second)
  if rules.ended(cell, first) or rules.ended(cell, second) then return false end
  return rules.struck(cell, first) ~= nil or rules.got_over_it(cell, first) ~= nil
    or not second.result.ok and window_ended(second.log, #first.log + 1)
end

--- What is wrong with a first run.
-- @tparam table cell
-- @tparam table seen from run.both
-- @treturn ?string words, nil when all is well
function judge.first(cell, seen)
  return apply(first_rules, cell, seen)
end

local KILLED = 128 + 9

-- The exit statuses each signal may lead to.
local after_signal = {
  KILL = { [KILLED] = true, [0] = true }, HUP = { [0] = true },
  TERM = { [9] = true, [0] = true }, INT = { [9] = true, [0] = true },
}

local function was_changed(log)
  for _, message in ipairs(messages.list(log)) do
    if begins[message.name] or changes[message.name] then return true end
  end
end

-- The paused services are resumed. After SIGKILL the next run resumes them, but an inhibition ends with the program.
function rules.gave_back(_, seen)
  local others = seen.neighbours
  if not others then return end
  if others.paused == 0 and was_changed(seen.log) then return "ModemManager was not asked to pause" end
  if others.holds > 0 then return "ModemManager is still told to leave the modem alone" end
  if not others.runs and seen.status ~= KILLED then return "ModemManager is still stopped" end
end

--- What is wrong with a run that got signals.
-- @tparam table job of tests.matrix.kills
-- @tparam table seen
-- @treturn ?string
function judge.signalled(job, seen)
  if seen.late then return "did not end: " .. seen.late end
  local status = seen.status
  if not seen.result and not messages.list(seen.log)[1] then return end -- it had not begun to listen
  if not after_signal[job.signals[1]][status] then return "exit status " .. status end
  local left_as = status == 0 and ends[0] or status == 9 and not seen.begun and ends[6]
  local found = { rules.gave_back(job, seen) }
  found[#found + 1] = left_as and left_as(job, seen.log)
  found[#found + 1] = rules.kept_torn_images(job, seen)
  return found[1] and table.concat(found, "; ")
end

--- What is wrong with a second run: it must succeed.
function judge.second(cell, seen)
  return apply({ rules.succeeded, rules.kept_torn_images, rules.gave_back }, cell, seen)
end

return judge
