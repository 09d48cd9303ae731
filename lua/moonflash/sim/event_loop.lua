-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A poll loop with descriptors and timers. Nothing else in the simulator waits.

local sys = require "moonflash.core.sys"

local loop = {}
loop.__index = loop

--- An empty loop.
function loop.new()
  return setmetatable({ entries = {}, timers = {}, time = sys.clock_ms() }, loop)
end

--- The time, in ms, at which the current round began. Reading the clock is slow on an emulated machine.
function loop:now()
  return self.time
end

--- Calls readable whenever a descriptor is readable, and writable whenever it is writable while `entry.write` is set.
-- Returns the entry, for unwatch.
function loop:watch(fd, readable, writable)
  local entry = { fd = fd, read = true, write = false, on_read = readable, on_write = writable }
  self.entries[#self.entries + 1] = entry
  return entry
end

--- Removes an entry.
function loop:unwatch(entry)
  entry.gone = true
  for index, other in ipairs(self.entries) do
    if other == entry then return table.remove(self.entries, index) end
  end
end

--- Calls a function once, later.
function loop:after(ms, action)
  local timer = { due = sys.clock_ms() + ms, action = action }
  local at = #self.timers + 1
  while at > 1 and self.timers[at - 1].due > timer.due do at = at - 1 end
  table.insert(self.timers, at, timer)
end

local function run_timers(self)
  self.time = sys.clock_ms()
  while self.timers[1] and self.timers[1].due <= self.time do
    table.remove(self.timers, 1).action()
    self.time = sys.clock_ms()
  end
end

local function until_next(self)
  local timer = self.timers[1]
  return timer and math.max(0, math.ceil(timer.due - self.time)) or 60000
end

local function serve(entry)
  if not entry.gone and entry.writable and entry.write then entry.on_write() end
  if not entry.gone and (entry.readable or entry.hangup) then entry.on_read() end
end

--- Ends run() after the current round.
function loop:stop()
  self.stopped = true
end

--- Runs until a signal or stop(), after which `stopped` is set.
function loop:run()
  while true do
    run_timers(self)
    if self.stopped then return true end
    local ready, failure = sys.poll(self.entries, until_next(self))
    if not ready then
      if failure.code == "sys.interrupted" then return true end
      return nil, failure
    end
    self.time = sys.clock_ms()
    for _, entry in ipairs(ready) do serve(entry) end
  end
end

return loop
