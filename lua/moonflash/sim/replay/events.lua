-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Reads a trace. A trace comes from somebody else, so events that could do harm are refused: a place outside of
-- the simulated /sys, an endless wait, too many bytes, a signal that does not end the program. Any other wrong value
-- raises an error where it is used, and that ends the replay.

local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local trace = require "moonflash.trace"

local events = {}

local MOST_IN_EVENT = 1048576 -- bytes
local MOST_IN_FILE = 16777216 -- bytes: the trace of a whole update has some 100 kB
local MOST_MS = 86400000      -- a day
local signals = { SIGINT = true, SIGTERM = true }

local function is_place(text)
  return text == nil or text:find "^%d+%-%d[%d.]*$" ~= nil and not text:find "%.%.?$"
    and not text:find("..", 1, true)
end

local function is_harmless(event)
  local dev = event.device or {}
  return event.t >= 0 and event.t <= MOST_MS and is_place(dev.place) and is_place(dev.peer)
    and #(event.hex or "") / 2 * (event.times or 1) <= MOST_IN_EVENT
    and (event.event ~= "signal" or signals[event.name] ~= nil)
end

local function is_event(event, is_first)
  if (event.event == "start") ~= is_first or is_first and event.schema ~= trace.SCHEMA then return false end
  local checked, harmless = pcall(is_harmless, event)
  return checked and harmless
end

-- The last line of a trace that was cut off may be incomplete: it is left out.
local function parse(text)
  local list = {}
  for written, ending in (text .. "\0"):gmatch "([^\n%z]*)([\n%z])" do
    local event = json.decode(written)
    if type(event) == "table" and is_event(event, #list == 0) then
      list[#list + 1] = event
    elseif ending == "\n" or #list == 0 then
      return nil, #list + 1
    end
  end
  return list
end

--- The events of a trace, the first being the start; or nil and a failure: trace.failed, trace.unusable.
function events.read(path)
  local file, reason = io.open(path, "r")
  if not file then
    return nil, failure.new("trace.failed", "the trace cannot be read",
      { evidence = reason, hint = "check the name of the trace" })
  end
  local text = file:read(MOST_IN_FILE + 1) or "" -- not by lines: the bytes of /dev/zero have no end of a line
  file:close()
  local list, number = parse(#text <= MOST_IN_FILE and text or "")
  if list then return list end
  return nil, failure.new("trace.unusable", "this is not a trace of this version of moonflash",
    { evidence = ("%s, line %d"):format(path, number) })
end

return events
