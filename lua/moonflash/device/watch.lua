-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Waits until something may have changed on USB: for a uevent of the kernel; without uevents, 10 ms. The caller
-- reads /sys to find the change.

local sys = require "moonflash.core.sys"
local uevent = require "moonflash.core.uevent"

local watch = {}

local POLL_MS = 10
local MOST_IN_BURST = 1000

--- The clock of the system, in ms; tests use their own.
watch.clock = { now = sys.clock_ms, sleep = sys.sleep_ms }

--- A watch without uevents.
function watch.poll(clock)
  clock = clock or watch.clock
  return { wait = function(_, ms) return clock.sleep(math.min(POLL_MS, ms)) end, close = function() end }
end

local events = {}
events.__index = events

local subsystems = { usb = true, tty = true, usbmisc = true }

-- A burst of events needs only one reading of /sys.
local function drain(socket)
  for _ = 1, MOST_IN_BURST do
    if not socket:next(0) then return end
  end
end

-- When the socket fails, events may be lost: the caller reads /sys now, and the watch polls from then on.
function events:wait(ms)
  if self.fallback then return self.fallback:wait(ms) end
  local ends = self.clock.now() + ms
  repeat
    local event, problem = self.socket:next(math.max(ends - self.clock.now(), 0))
    if event and (event.overrun or subsystems[event.SUBSYSTEM]) then
      drain(self.socket)
      return true
    end
    if problem and problem.code == "uevent.interrupted" then return nil, problem end
    if problem and problem.code ~= "uevent.timeout" then
      self.fallback = watch.poll(self.clock)
      return true
    end
  until self.clock.now() >= ends
  return true
end

function events:close()
  self.socket:close()
end

--- Opens a watch: of uevents if possible, else a polling one. Its wait(ms) returns true when something may have changed
-- or the time is over, nil and a failure *.interrupted.
function watch.open(root, clock)
  local socket = uevent.open(root)
  if not socket then return watch.poll(clock) end
  return setmetatable({ socket = socket, clock = clock or watch.clock }, events)
end

return watch
