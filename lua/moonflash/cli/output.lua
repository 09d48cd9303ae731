-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Takes events and results; prints text and JSON. Nothing else prints.

local failure = require "moonflash.base.failure"
local progress = require "moonflash.cli.progress"
local results = require "moonflash.commands.result"
local step_line = require "moonflash.cli.step_line"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local terminal = require "moonflash.cli.terminal"
local text = require "moonflash.cli.text"

local output = {}
output.__index = output

local function open_log(path)
  if not path then return nil end
  local file, reason = io.open(path, "a")
  if not file then
    return nil, failure.new("usage", "the log cannot be written",
      { evidence = reason, hint = "choose another file for --log" })
  end
  file:setvbuf "line"
  return file
end

--- Opens the output; called once in a run. Takes the options of the command line: json, verbose, quiet, no_progress,
-- log. Returns the output, without its log when that cannot be opened, and a failure `usage` then.
function output.open(given)
  local self = setmetatable({
    given = given, stdout = terminal.open(io.stdout, 1), errors = terminal.open(io.stderr, 2),
    start = sys.clock_ms(), meter = progress.new(sys.clock_ms),
  }, output)
  self.people = given.json and self.errors or self.stdout
  local problem
  self.log, problem = open_log(given.log)
  return self, problem
end

-- ms since the start
local function elapsed(self)
  return math.floor(sys.clock_ms() - self.start + 0.5)
end

--- Writes a line into the log only. A log that cannot be written any more is closed, with a warning.
function output:record(line)
  local log = self.log
  if not log then return end
  local written, reason = log:write(("[%8.3f] %s\n"):format(elapsed(self) / 1000, terminal.printable(line)))
  if written then return end
  self.log = nil
  log:close()
  self:emit { event = "warning", code = "log.failed", message = "the log ends here: " .. reason }
end

local function print_line(self, to, line, colour)
  self.people:clear()
  to:line(line, colour)
  self:record(line)
end

--- Prints a line that a command was asked for, also with --quiet.
function output:say(line)
  print_line(self, self.people, line)
end

--- Begins a new screen on a terminal.
function output:clear_screen()
  if self.people.rewrites then self.people:write "\27[H\27[2J" end
end

--- Prints rows of texts in aligned columns, as say does.
function output:rows(rows)
  for _, line in ipairs(text.columns(rows)) do self:say(line) end
end

--- Prints a line about the progress of the work; not with --quiet.
function output:tell(line)
  if self.given.quiet then return self:record(line) end
  print_line(self, self.people, line)
end

-- A line of --json: what a function of moonflash.cli.schema makes. Without --json neither is loaded.
local function json_line(name, ...)
  return require("moonflash.base.json").encode(require("moonflash.cli.schema")[name](...)) .. "\n"
end

--- Prints an object, only with --json: the name of a function of moonflash.cli.schema, and its arguments.
function output:object(name, ...)
  if self.given.json then self.stdout:write(json_line(name, ...)) end
end

-- Events -----------------------------------------------------------------------------------------

local takers = {}

local function note_step(self, event)
  if event.part then
    self.part = event.state == "done" and event.step or nil
  else
    self.started, self.part = event.state == "started" and event.step or nil, nil
    if event.state == "started" then self.meter:begin_step(event.seconds, event.behind) end
  end
end

function takers:step(event)
  self:object("step", event, elapsed(self))
  local line = step_line.of(event, self.started, self.part)
  note_step(self, event)
  if line and not self.hides_steps then self:tell(line) end
end

local incomplete = { ["log.failed"] = "the log is not complete", ["trace.failed"] = "the trace is not complete" }

function takers:warning(event)
  if incomplete[event.code] then
    self.lost = self.lost or failure.new(event.code, incomplete[event.code], { evidence = event.message })
  end
  self:object("warning", event, elapsed(self))
  print_line(self, self.errors, "warning: " .. event.message, "warning")
end

function takers:say(event)
  self:say(event.message)
end

function takers:note(event)
  if not self.given.verbose then return self:record("  " .. event.message) end
  self:object("note", event, elapsed(self))
  print_line(self, self.people, "  " .. event.message)
end

-- The result of one of several modems.
function takers:result(event)
  self:object("result", event, elapsed(self))
  if event.failure then
    return print_line(self, self.errors, event.place .. ": " .. tostring(event.failure), "error")
  end
  local what = event.exit == results.NOTHING_TO_DO and "nothing to do" or "done"
  self:say(("%s: %s, runs %s"):format(event.place, what, text.versions(event.after) or "the new firmware"))
end

-- Shows a line that changes: on a terminal in place, when it is due; elsewhere and in the log at milestones.
local function show_live(self, event, seen, line_of)
  local rewrites, is_silent = self.people.rewrites, self.given.quiet or self.given.no_progress
  if seen.is_milestone then
    local line = line_of(event, seen)
    if is_silent or rewrites then self:record(line) else self:say(line) end
  end
  if rewrites and not is_silent and seen.is_due then
    self.people:rewrite(line_of(event, seen, self.people:width()))
  end
end

function takers:progress(event)
  local seen = self.meter:take(event)
  if self.given.json and seen.is_due then
    self.stdout:offer(json_line("progress", event, seen, elapsed(self)))
  end
  show_live(self, event, seen, progress.line)
end

function takers:wait(event)
  show_live(self, event, self.meter:wait(event), progress.wait_line)
end

--- A plan lists the steps itself: those that run for it are not printed, but are events of --json.
function output:hide_steps()
  self.hides_steps = true
end

--- Takes an event of the library. An event of another name, which a script may emit, goes into the log.
function output:emit(event)
  local take = takers[event.event]
  if take then return take(self, event) end
  self:record("event " .. tostring(event.event))
end

-- The end ----------------------------------------------------------------------------------------

local function say_failure(self, problem)
  local lines = text.failure(problem)
  print_line(self, self.errors, "error: " .. lines[1], "error")
  for index = 2, #lines do print_line(self, self.errors, lines[index]) end
end

-- The versions before and after, if something was done or failed.
local function say_versions(self, result)
  if result.exit == results.NOTHING_TO_DO or result.ok and not result.after then return end
  local before, after = text.versions(result.before), text.versions(result.after)
  if before then self:tell("before: " .. before) end
  if after then self:tell("after:  " .. after) end
end

-- What was printed is lost, unless the reader has closed the pipe, as `head` does.
local function lost_output(self)
  local problem = self.stdout.failed
  if not problem or problem.code == "sys.closed" then return nil end
  return failure.new("output.failed", "standard output cannot be written", { evidence = problem.evidence })
end

-- A success whose log or trace is not complete is a failure.
local function result_of_lost(self, result)
  if not (self.lost and result.ok) then return result end
  say_failure(self, self.lost)
  return tables.merge(result, { ok = false, exit = results.SCRIPT_ERROR, failure = self.lost })
end

--- Prints the end of a run: versions, failure, the result object. Closes the log. Returns the exit status: that of the
-- result, or 10 when its output, log or trace was lost.
function output:finish(result)
  self.people:clear()
  say_versions(self, result)
  if result.failure then say_failure(self, result.failure) end
  if result.exit == results.NOTHING_TO_DO then
    self:tell "nothing to do: the modem already runs this (--force does it anyway)"
  elseif result.ok and result.after then
    self:tell "done"
  end
  result = result_of_lost(self, result)
  self:object("result", result, elapsed(self))
  self.stdout:finish()
  local lost = lost_output(self)
  if lost then say_failure(self, lost) end
  self.errors:finish()
  if self.log then self.log:close() end
  return lost and result.ok and results.SCRIPT_ERROR or result.exit
end

return output
