-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What happened in a run, in the order in which it did: what the program said, what the modem saw.
-- @module tests.matrix.story

local cjson = require "cjson"

local MOST = 220 -- characters of a line

local function line(at, who, entry)
  return { at = at, text = ("%6d %s %s"):format(at, who, cjson.encode(entry)):sub(1, MOST) }
end

-- A run by the program itself tells no clock; its lines come first, then.
local function merged(seen, from)
  local lines, clock = {}, seen.log[1].clock
  for _, event in ipairs(seen.events) do
    lines[#lines + 1] = line(event.at and event.at - clock or 0, "program", event)
  end
  for index = from, #seen.log do lines[#lines + 1] = line(seen.log[index].t, "  modem", seen.log[index]) end
  for index, one in ipairs(lines) do one.index = index end
  table.sort(lines, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.index < b.index
  end)
  for index, one in ipairs(lines) do lines[index] = one.text end
  return lines
end

--- The story of several runs on one modem.
-- @param ... tables from tests.matrix.run
-- @treturn string
return function(...)
  local parts, from = {}, 1
  for number, seen in ipairs { ... } do
    parts[#parts + 1] = "run " .. number .. (seen.late and ": " .. seen.late or "")
    parts[#parts + 1] = table.concat(merged(seen, from), "\n")
    parts[#parts + 1] = seen.stderr
    from = #seen.log + 1
  end
  return table.concat(parts, "\n")
end
