--- Progress of an update: per cent, rate and time left, and the line that shows them. The images make 95 %; the
-- rest is for the restart and the confirmation; only the result shows 100 %.

local text = require "moonflash.cli.text"

local progress = {}
progress.__index = progress

local SHARE_OF_IMAGES = 95
local BAR = 20 -- characters

-- A function that returns true once per interval, and whenever it is called with true.
local function pace(clock, interval_ms)
  local last
  return function(at_once)
    local now = clock()
    if not at_once and last and now - last < interval_ms then return false end
    last = now
    return true
  end
end

--- Makes a meter; the clock is a function that gives ms.
function progress.new(clock)
  return setmetatable({
    clock = clock, sent = 0, percent = 0, is_due = pace(clock, 100), is_milestone = pace(clock, 10000),
  }, progress)
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

--- Takes a progress event: file; sent, total in bytes of all images together. Returns what is seen: percent; rate in
-- bytes per second; left in seconds, nil when unknown; is_due: at most ten times a second, and at the end;
-- is_milestone: each further 10 %, and after 10 s.
function progress:take(event)
  begin(self, event)
  local total, before = math.max(event.total or 0, event.sent, 1), self.percent
  self.percent = math.max(before, math.floor(SHARE_OF_IMAGES * event.sent / total))
  local elapsed = self.clock() - self.since
  local rate = elapsed > 0 and (event.sent - self.first) * 1000 / elapsed or 0
  return {
    percent = self.percent, rate = rate, left = rate > 0 and (total - event.sent) / rate or nil,
    is_due = self.is_due(event.sent == event.total),
    is_milestone = self.is_milestone(math.floor(self.percent / 10) > math.floor(before / 10)),
  }
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

--- The line: step, per cent, bytes, rate, time left. With a width in columns there is a bar, and what has no room is
-- left out: the bar first, then from the right.
function progress.line(event, seen, width)
  local line, rest = ("%s %3.0f %%"):format(event.step, seen.percent), figures(event, seen)
  if width and #line + 2 + BAR + 2 + #table.concat(rest, "  ") + 2 <= width then
    line = line .. "  " .. bar(seen.percent)
  end
  for _, part in ipairs(rest) do
    if width and #line + 2 + #part > width then break end
    line = line .. "  " .. part
  end
  return line
end

return progress
