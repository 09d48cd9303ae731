-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Interrupts: SIGINT and SIGTERM, one state for the whole process.
-- An interrupt is pending from its signal until it is acknowledged. A pending interrupt ends every wait of the
-- library with `*.interrupted`. Deferred interrupts end no wait; they stay pending.

local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"

local interrupt = {}

--- The failure job.interrupted when an interrupt is pending and not deferred: work that must stop returns it.
function interrupt.pending()
  if sys.pending_interrupts() == 0 then return nil end
  local _, signal = sys.interrupts()
  return failure.new("job.interrupted", "stopped by " .. tostring(signal))
end

--- Acknowledges all interrupts that have come so far: waits are possible again.
function interrupt.acknowledge()
  sys.clear_interrupt()
end

local function release(...)
  sys.release_signals()
  return ...
end

--- Calls a function with signals caught: SIGINT and SIGTERM become interrupts, SIGHUP and SIGPIPE are ignored. The
-- outermost call gives the host program its signal handlers back and acknowledges what is pending.
function interrupt.catch_during(work, ...)
  sys.catch_signals()
  return release(work(...))
end

local function resume(ok, ...)
  sys.resume_interrupts()
  if not ok then error((...), 0) end
  return ...
end

--- Calls a function with interrupts deferred. For cleaning up and for other programs: work that ends by itself
-- and must not be left half done. Calls nest.
function interrupt.defer(work, ...)
  sys.defer_interrupts()
  return resume(pcall(work, ...))
end

return interrupt
