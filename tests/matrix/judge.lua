--- What must hold after a cell, whatever went wrong in it. Each rule gives nothing, or words.
-- @module tests.matrix.judge

local judge = {}

local function last(log, event)
  for index = #log, 1, -1 do
    if log[index].event == event then return log[index] end
  end
end

local function same(one, other)
  return one and other and one.firmware == other.firmware and one.config == other.config
    and one.carrier:lower() == other.carrier:lower()
end

local function text(pair)
  return pair and ("%s %s %s"):format(pair.firmware, pair.carrier, pair.config) or "nothing"
end

-- Where the modem is by a log: its mode, "away" between two modes.
local function mode(log)
  local usb = last(log, "usb")
  return usb.action == "remove" and "away" or usb.mode
end

local function preferred(log)
  for index = #log, 1, -1 do
    if log[index].preferred then return log[index].preferred end
  end
end

local function power(log)
  for index = #log, 1, -1 do
    if log[index].power then return log[index].power end
  end
end

local function count(log, event)
  local number = 0
  for _, entry in ipairs(log) do number = number + (entry.event == event and 1 or 0) end
  return number
end

-- --- where each exit status leaves the modem -----------------------------------------------------

local ends = {}

local away = { unplug = true, move = true }

-- Whether somebody pulled the modem out, and it is not back yet.
local function was_taken(log)
  local fault = last(log, "fault")
  return mode(log) == "away" and fault ~= nil and away[fault.fault]
end

ends[0] = function(cell, log)
  local booted = last(log, "mode")
  if mode(log) ~= "application" and not was_taken(log) then return "done, and the modem is " .. mode(log) end
  if not same(booted.running, cell.new) then return "done, and it runs " .. text(booted.running) end
  if not same(preferred(log), cell.new) then return "done, and it prefers " .. text(preferred(log)) end
  if power(log) ~= 0 then return "done, and the radio is off" end
end

local function untouched(cell, log)
  if count(log, "preference") > 0 then return "untouched, but the preference was set" end
  if not same(preferred(log), cell.old) then return "untouched, and it prefers " .. text(preferred(log)) end
  if count(log, "power") > 0 then return "untouched, but its power state was changed" end
end
ends[3], ends[5] = untouched, untouched

ends[6] = function(cell, log)
  if mode(log) ~= "application" then return "not entered, and the modem is " .. mode(log) end
  if not same(preferred(log), cell.old) then return "not entered, and it prefers " .. text(preferred(log)) end
  if power(log) ~= 0 then return "not entered, and the radio is off" end
end

ends[7] = function(_, log)
  if mode(log) == "application" then return "transfer failed, and the modem is in application mode" end
end

ends[8] = function() end

-- Any pair will do, but it must be one.
local function consistent(_, log)
  local booted = last(log, "mode")
  if mode(log) ~= "application" then return "the modem is " .. mode(log) end
  if not same(booted.running, preferred(log)) then
    return ("it runs %s and prefers %s"):format(text(booted.running), text(preferred(log)))
  end
  if power(log) ~= 0 then return "the radio is off" end
end

-- --- the rules -----------------------------------------------------------------------------------

local rules = {}

function rules.ended(_, seen)
  if seen.late then return "did not end: " .. seen.late end
  if not seen.result or seen.result.event ~= "result" then return "no result: " .. seen.stderr end
end

function rules.told(_, seen)
  local result = seen.result
  if result.ok then return result.failure and "a failure of a success" end
  local problem = result.failure
  if not problem then return "no failure" end
  for _, field in ipairs { "code", "message", "hint" } do
    if not problem[field] then return "a failure without " .. field end
  end
  if not problem.step and result.exit ~= 5 then return "a failure without step: " .. problem.code end
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

local harmful = { open = true, write = true, done = true }

-- Nothing of an image goes out when the step has failed.
function rules.held_still(_, seen)
  if seen.result.ok then return end
  local since = failed_at(seen.events)
  for _, entry in ipairs(seen.log) do
    if since and harmful[entry.command] and entry.t + seen.log[1].clock > since + 1 then
      return "sent " .. entry.command .. " after the failure"
    end
  end
end

function rules.kept_torn_images(_, seen)
  for _, entry in ipairs(seen.log) do
    if entry.command == "reset" and entry.torn then return "reset a modem with a torn image" end
  end
end


function rules.succeeded(cell, seen)
  if seen.result.ok then return (cell.any_pair and consistent or ends[0])(cell, seen.log) end
  local problem = seen.result.failure
  return ("exit %d, %s: %s (%s)"):format(seen.result.exit, tostring(problem.step), problem.message,
    tostring(problem.evidence))
end

local first_rules = {
  rules.told, rules.left_nothing, rules.fits_the_state, rules.held_still, rules.kept_torn_images,
}

-- What the rules say, all of it; a run that did not end cannot be looked at further.
local function apply(list, cell, seen)
  local wrong = rules.ended(cell, seen)
  if wrong then return wrong end
  local found = {}
  for _, rule in ipairs(list) do found[#found + 1] = rule(cell, seen) end
  return found[1] and table.concat(found, "; ")
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

--- What is wrong with a run that got signals.
-- @tparam table job of tests.matrix.kills
-- @tparam table seen
-- @treturn ?string
function judge.signalled(job, seen)
  if seen.late then return "did not end: " .. seen.late end
  local status = seen.status
  if not seen.result and count(seen.log, "qmi") == 0 then return end -- it had not begun to listen
  if not after_signal[job.signals[1]][status] then return "exit status " .. status end
  if status == 0 then return ends[0](job, seen.log) end
  if status == 9 and not seen.begun then return ends[6](job, seen.log) end
  return rules.kept_torn_images(job, seen)
end

--- What is wrong with a second run: it must succeed.
function judge.second(cell, seen)
  return apply({ rules.succeeded, rules.kept_torn_images }, cell, seen)
end

return judge
