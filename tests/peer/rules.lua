-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What holds after an update of the independent modem, whatever modem it is. Each rule gives nothing, or words.
-- @module tests.peer.rules

local stage = require "tests.peer.stage"
local tables = require "moonflash.base.table"

local rules = {}

local ONLINE, INTERRUPTED = 0, 9

local function text(pair)
  return type(pair) == "table" and ("%s %s %s"):format(pair.firmware, pair.carrier, pair.config) or "nothing"
end

local function same(one, other)
  return text(one) == text(other)
end

local list = {}

function list.ended(_, seen)
  local result = seen.run.result
  if not result or result.event ~= "result" then return "no result: " .. seen.run.stderr end
  if (seen.run.stdout .. seen.run.stderr):find("traceback", 1, true) then return "a traceback" end
end

function list.told(_, seen)
  local problem = seen.run.result.failure
  if not seen.run.result.ok and (not problem.hint or problem.hint == "") then return "a failure without a hint" end
end

function list.spoke_the_protocol(_, seen)
  if seen.mistakes[1] then return table.concat(seen.mistakes, "; ") end
end

function list.ended_right(animal, seen)
  local state = seen.state
  if not seen.run.result.ok then return end
  local wanted = stage.new[animal.model]
  if state.mode ~= "application" then return "done, and the modem is in " .. state.mode .. " mode" end
  if not same(state.running, wanted) then return "done, and it runs " .. text(state.running) end
  if state.power ~= ONLINE then return "done, and the radio is off" end
  if not state.agrees then return "done, and it prefers " .. text(state.preferred) end
end

local function entries(preference)
  local lines = {}
  for index, entry in ipairs(type(preference) == "table" and preference or {}) do
    lines[index] = table.concat(entry, " ")
  end
  return table.concat(lines, ", ")
end

-- A modem that preferred nothing prefers the pair that it runs afterwards. The third field of an entry is the build id.
local function prefers_nothing(preference)
  return type(preference) == "table" and preference[1] ~= nil and preference[1][3] == ""
end

function list.ended_as_it_began(_, seen)
  local began, state = seen.began, seen.state
  if seen.run.result.ok or seen.has_taken then return end
  if state.mode ~= "application" and state.mode ~= began.mode then
    return "failed, and the modem is in " .. state.mode .. " mode"
  end
  if not same(state.running, began.running) then return "failed, and it runs " .. text(state.running) end
  if state.boot_download ~= 0 then return "failed, and every restart leads into the loader" end
  if prefers_nothing(began.preference) and same(state.preferred, began.running) then return end
  if entries(state.preference) ~= entries(began.preference) then
    return "failed, and it prefers " .. entries(state.preference)
  end
  if state.power ~= began.power and state.power ~= ONLINE then
    return ("failed, and its power is %d"):format(state.power)
  end
end

local tells_of_an_image = { [7] = true, [8] = true }

-- An exit status says whether the modem got a part of an image.
function list.fits_its_exit_status(_, seen)
  local status = seen.run.result.exit
  if seen.run.result.ok or status == INTERRUPTED or seen.has_taken == nil then return end
  if (tells_of_an_image[status] or false) ~= seen.has_taken then
    return ("the exit status is %d, and the modem got %s of an image"):format(status,
      seen.has_taken and "a part" or "no part")
  end
end

-- A run that is interrupted says so; a run that is killed says nothing.
function list.stopped(animal, seen)
  if animal.signal and animal.signal ~= "KILL" and seen.stopped ~= INTERRUPTED and seen.stopped ~= 0 then
    return ("interrupted, and the exit status was %d"):format(seen.stopped)
  end
end

function list.left_the_neighbour_alone(_, seen)
  if #seen.neighbour > 2 then return "the other modem was spoken to: " .. seen.neighbour[3].event end
end

function list.succeeded(animal, seen)
  if seen.run.result.ok or animal.may_fail then return end
  return "it did not succeed"
end

local function told(run)
  local problem = type(run.result.failure) == "table" and run.result.failure
  if not problem then return ("exit %d"):format(run.status) end
  return ("exit %d, %s: %s (%s)"):format(run.status, tostring(problem.step), problem.message,
    tostring(problem.evidence))
end

--- Applies all rules.
-- @tparam table animal of tests.peer.zoo
-- @tparam table seen run (of stage.moonflash), began and state (of stage.state), mistakes, neighbour (the log of the
-- other modem, which begins with attach and state), stopped (the exit status of a run before, which got a signal),
-- has_taken (whether the modem got a part of an image: then it need not end as it began, and the exit status says so)
-- @treturn ?string what is broken
function rules.broken(animal, seen)
  local ended = list.ended(animal, seen)
  if ended then return ended end
  local found = {}
  for _, name in ipairs(tables.sorted_keys(list)) do found[#found + 1] = list[name](animal, seen) end
  return found[1] and ("%s\n%s"):format(told(seen.run), table.concat(found, "\n"))
end

return rules
