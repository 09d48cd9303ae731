-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The current run: defaults for calls made by a script, the jobs that the script opened, the trace that is written.
-- `moonflash run` sets the defaults from its command line. Outside of a script there are only the plain defaults.

local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"

local run = {}

local current = { root = "/", selection = {}, options = {}, emit = function() end }
local trace

--- The current run: root, selection, options, emit, which a request may leave open; within a script also opened: the
-- jobs to close when the script ends, phase: that of the last update that failed.
function run.current()
  return current
end

--- The trace that is written, if there is one: all ports are opened with it (moonflash.trace).
function run.trace()
  return trace
end

local function restore(run_before, trace_before, ok, ...)
  current, trace = run_before, trace_before
  if not ok then error((...), 0) end
  return ...
end

--- Calls a function within another run: root, selection, options, emit, opened.
function run.within(new, work, ...)
  local before = current
  current = new
  return restore(before, trace, pcall(work, ...))
end

--- Calls a function while a trace is written.
function run.traced(writer, work, ...)
  local before = trace
  trace = writer
  return restore(current, before, pcall(work, ...))
end

--- Wraps an event handler of a caller. An event for which the handler raises an error is lost, and the job continues;
-- a warning reports the first one. The cause may be a wrong event of a script: the handler gets the next event, too.
function run.safe_emit(emit)
  local warned
  return function(event)
    local ran, raised = pcall(emit, event)
    if ran or warned or interrupt.pending() then return end
    warned = true
    current.emit { event = "warning", code = failure.is(raised) and raised.code or "script.raised",
      message = "an event is lost, because its handler failed: " .. tostring(raised) }
  end
end

return run
