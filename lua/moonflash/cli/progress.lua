-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Progress of an update: per cent, rate and time left, and the lines that show them. The images make 95 %; the
-- rest is for the restart and the confirmation.

local text = require "moonflash.cli.text"

local progress = {}
progress.__index = progress

local SHARE_OF_IMAGES = 95
local BAR, BAR_NEEDS = 20, 90 -- columns: of the bar, and of the narrowest line that has a bar
local LONG_WAIT = 2 -- seconds

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
    self.file, self.since, self.first, self.writes_since = event.file, self.clock(), event.sent, nil
  end
  self.sent = event.sent
  self.writes_since = event.writes_within and (self.writes_since or self.clock())
end

--- A step begins. `seconds`: what it usually takes; `behind`: what the steps behind it take; nil when unknown.
function progress:begin_step(seconds, behind)
  self.began, self.seconds, self.behind = self.clock(), seconds, behind
end

-- Seconds to the end of all steps; `left` when those of the steps are unknown.
local function left_in_all(self, left)
  if not self.behind then return left end
  return self.behind + math.max(left or 0, self.seconds - (self.clock() - self.began) / 1000)
end

--- Takes a progress event: file; sent, total in bytes of all images together; writes_within: seconds that the modem may
-- write its flash. Returns what is seen: percent; rate in bytes per second; left: seconds until all is sent,
-- in_all: until the end, nil when unknown; writes: seconds since the modem has all bytes; is_due: at most ten times a
-- second, and at the end; is_milestone: each further 10 %, after 10 s, and when the modem begins to write.
function progress:take(event)
  local wrote = self.writes_since
  begin(self, event)
  local total, before = math.max(event.total or 0, event.sent, 1), self.percent
  self.percent = math.max(before, math.floor(SHARE_OF_IMAGES * event.sent / total))
  local elapsed = self.clock() - self.since
  local rate = elapsed > 0 and (event.sent - self.first) * 1000 / elapsed or 0
  local left = rate > 0 and (total - event.sent) / rate or nil
  return {
    percent = self.percent, rate = rate, left = left, in_all = left_in_all(self, left),
    writes = self.writes_since and (self.clock() - self.writes_since) / 1000,
    is_due = self.is_due(event.sent == event.total),
    is_milestone = self.is_milestone(math.floor(self.percent / 10) > math.floor(before / 10)
      or self.writes_since and not wrote),
  }
end

--- Takes an event of a wait for the modem: seconds since it began; within: seconds. Returns in_all and is_due, as
-- take, and is_milestone: once, when the wait becomes longer than 2 s.
function progress:wait(event)
  local is_new = event.seconds < (self.waited or 0)
  local was_long = not is_new and (self.waited or 0) >= LONG_WAIT
  self.waited = event.seconds
  return { in_all = left_in_all(self), is_due = true, is_milestone = event.seconds >= LONG_WAIT and not was_long }
end

local function bar(percent)
  local full = math.floor(percent * BAR / 100)
  return "[" .. ("#"):rep(full) .. ("."):rep(BAR - full) .. "]"
end

-- "12 s of at most 2 min 20 s", and "12 s"
local function elapsed(seconds, within)
  local short = ("%.0f s"):format(seconds)
  return short .. " of at most " .. text.seconds(within), short
end

-- The first form of a line that has room in a width in columns. A form is an array of the parts behind the start of
-- the line, false where one is unknown.
local function fitting(start, forms, width)
  local line
  for _, parts in ipairs(forms) do
    line = start
    for _, part in ipairs(parts) do line = part and line .. "  " .. part or line end
    if not width or #line <= width then break end
  end
  return line
end

local function time_left(seen)
  return seen.in_all and text.seconds(seen.in_all) .. " left" or false
end

local function forms_of_writing(event, seen)
  local long, short = "the modem writes its flash, do not unplug it", "writing flash, do not unplug it"
  local left, time, seconds = time_left(seen), elapsed(seen.writes, event.writes_within)
  return { { long, time, left }, { long, seconds, left }, { short, seconds, left }, { short, seconds },
    { "do not unplug", seconds }, { seconds }, {} }
end

-- The first event of a file has no rate yet.
local function forms_of_sending(event, seen)
  local sent = ("%s of %s"):format(text.bytes(event.sent), text.bytes(event.total or event.sent))
  local rate, left = seen.rate > 0 and text.bytes(seen.rate) .. "/s", time_left(seen)
  return { { sent, rate, left }, { sent, left }, { sent }, {} }
end

--- The line of progress: step, per cent, bytes and rate or the time of writing, time left. With a width in columns, it
-- has the form that fits, and a wide line has a bar.
function progress.line(event, seen, width)
  local start = ("%s %3.0f %%"):format(event.step, seen.percent)
  if width and width >= BAR_NEEDS and not seen.writes then start = start .. "  " .. bar(seen.percent) end
  return fitting(start, (seen.writes and forms_of_writing or forms_of_sending)(event, seen), width)
end

--- The line of a wait for the modem.
function progress.wait_line(event, seen, width)
  local time, seconds = elapsed(event.seconds, event.within)
  local what, left = event.message, time_left(seen)
  return fitting(event.step, { { what, time, left }, { what, seconds, left }, { what, seconds }, { seconds }, {} },
    width)
end

return progress
