--- The progress in words: phase, per cent, bytes, rate, time left; on a terminal with a bar.
-- @module moonflash.cli.progress_line

local text = require "moonflash.cli.text"

local progress_line = {}

local BAR = 20

local function phase(event, seen)
  return ("%s %3.0f %%"):format(event.step, seen.percent)
end

local function bar(percent)
  local full = math.floor(percent * BAR / 100)
  return "[" .. ("#"):rep(full) .. ("."):rep(BAR - full) .. "]"
end

-- The first bytes of a file tell nothing of its rate yet, and so nothing of the time left.
local function figures(event, seen)
  local of_all = ("%s of %s"):format(text.bytes(event.sent), text.bytes(event.total or event.sent))
  if seen.rate == 0 then return { of_all } end
  return { of_all, text.bytes(seen.rate) .. "/s", seen.left and text.seconds(seen.left) .. " left" }
end

--- The whole line.
-- @tparam table event
-- @tparam table seen percent, rate, left, from the meter
-- @treturn string
function progress_line.plain(event, seen)
  return phase(event, seen) .. "  " .. table.concat(figures(event, seen), "  ")
end

--- A line that fits: what has no room is left out, the bar first, then from the right.
-- @tparam number width columns
-- @treturn string
function progress_line.fitting(event, seen, width)
  local line, rest = phase(event, seen), figures(event, seen)
  if #line + 2 + BAR + 2 + #table.concat(rest, "  ") + 2 <= width then
    line = line .. "  " .. bar(seen.percent)
  end
  for _, part in ipairs(rest) do
    if #line + 2 + #part > width then break end
    line = line .. "  " .. part
  end
  return line
end

return progress_line
