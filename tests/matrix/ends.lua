-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Where each exit status leaves the modem, by what the simulator logged of it. Each entry is called with the
-- cell and the log and gives nothing, or words.
-- @module tests.matrix.ends

local ends = {}

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

local away = { unplug = true, move = true }

-- Whether the modem was unplugged and is not back yet.
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

-- Whether the modem left download mode because its window was over. The program cannot prevent that on a machine
-- that is too busy to run it in time.
local function left_by_its_window(log)
  for index = #log, 1, -1 do
    if log[index].event == "window" then return true end
    if log[index].event == "qdl" then return false end
  end
end

ends[7] = function(_, log)
  if mode(log) == "application" and not left_by_its_window(log) then
    return "transfer failed, and the modem is in application mode"
  end
end

ends[8] = function() end

--- For a modem that may run any pair, but must run one.
function ends.consistent(_, log)
  local booted = last(log, "mode")
  if mode(log) ~= "application" then return "the modem is " .. mode(log) end
  if not same(booted.running, preferred(log)) then
    return ("it runs %s and prefers %s"):format(text(booted.running), text(preferred(log)))
  end
  if power(log) ~= 0 then return "the radio is off" end
end

return ends
