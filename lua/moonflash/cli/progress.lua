--- Progress of an update: per cent, rate and time left, and the line that shows them. The images make 95 %; the
-- rest is for the restart and the confirmation; only the result shows 100 %.

local text = require "moonflash.cli.text"

local progress = {}
progress.__index = progress

local SHARE_OF_IMAGES = 95
local BAR = 20 -- characters

--- Makes a meter.
-- @tparam function clock gives ms
-- @treturn table meter
function progress.new(clock)
  return setmetatable({ clock = clock, sent = 0, percent = 0 }, progress)
end

-- Fewer bytes than before: the sending has started again, or another modem is updated. The per cent start again,
-- too. The next file only starts a new measurement of the rate.
local function begin(self, event)
  local restarts = event.sent < self.sent
  if restarts then self.percent = 0 end
  if restarts or event.file ~= self.file then
    self.file, self.since, self.first = event.file, self.clock(), event.sent
  end
  self.sent = event.sent
end

--- Takes a progress event.
-- @tparam table event file; sent, total in bytes of all images together
-- @treturn table percent, rate (bytes per second), left (seconds; nil when unknown)
function progress:take(event)
  begin(self, event)
  local total = math.max(event.total or 0, event.sent, 1)
  self.percent = math.max(self.percent, math.floor(SHARE_OF_IMAGES * event.sent / total))
  local elapsed = self.clock() - self.since
  local rate = elapsed > 0 and (event.sent - self.first) * 1000 / elapsed or 0
  local left = rate > 0 and (total - event.sent) / rate or nil
  return { percent = self.percent, rate = rate, left = left }
end

--- Limits how often something is done.
-- @tparam function clock gives ms
-- @tparam number interval_ms
-- @treturn function returns whether it is time; called with true it always is
function progress.pace(clock, interval_ms)
  local last
  return function(at_once)
    local now = clock()
    if not at_once and last and now - last < interval_ms then return false end
    last = now
    return true
  end
end

--- Limits lines to one for each further 10 %, and one per 10 s.
-- @tparam function clock gives ms
-- @treturn function called with the per cent; returns whether it is time
function progress.milestones(clock)
  local due, tenth = progress.pace(clock, 10000), 0
  return function(percent)
    local new = math.floor(percent / 10)
    local passed = new > tenth
    tenth = new
    return due(passed)
  end
end

local function phase(event, seen)
  return ("%s %3.0f %%"):format(event.step, seen.percent)
end

local function bar(percent)
  local full = math.floor(percent * BAR / 100)
  return "[" .. ("#"):rep(full) .. ("."):rep(BAR - full) .. "]"
end

-- The first event of a file has no rate yet, and so no time left.
local function figures(event, seen)
  local sent = ("%s of %s"):format(text.bytes(event.sent), text.bytes(event.total or event.sent))
  if seen.rate == 0 then return { sent } end
  return { sent, text.bytes(seen.rate) .. "/s", seen.left and text.seconds(seen.left) .. " left" }
end

--- The line: step, per cent, bytes, rate, time left.
-- @tparam table event
-- @tparam table seen percent, rate, left, from the meter
-- @treturn string
function progress.line(event, seen)
  return phase(event, seen) .. "  " .. table.concat(figures(event, seen), "  ")
end

--- The line for a terminal, with a bar. What has no room is left out: the bar first, then from the right.
-- @tparam table event
-- @tparam table seen percent, rate, left, from the meter
-- @tparam number width columns
-- @treturn string
function progress.fitting_line(event, seen, width)
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

return progress
