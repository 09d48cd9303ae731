--- Takes events and results; prints text and JSON. Nothing else prints.

local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local progress = require "moonflash.cli.progress"
local results = require "moonflash.commands.result"
local schema = require "moonflash.cli.schema"
local sys = require "moonflash.core.sys"
local terminal = require "moonflash.cli.terminal"
local text = require "moonflash.cli.text"

local output = {}
output.__index = output

local TEN_PER_SECOND = 100

local function open_log(path)
  if not path then return nil end
  local file, reason = io.open(path, "a")
  if not file then
    return nil, failure.new("usage", "the log cannot be written", {
      evidence = reason, hint = "choose another file for --log",
    })
  end
  file:setvbuf "line"
  return file
end

--- Opens the output. Called once in a run.
-- @tparam table given options of the command line: json, verbose, quiet, no_progress, log
-- @treturn table output; without its log when that cannot be opened
-- @treturn ?table failure `usage`: the log cannot be opened
function output.open(given)
  local self = setmetatable({
    given = given, stdout = terminal.open(io.stdout, 1), errors = terminal.open(io.stderr, 2),
    start = sys.clock_ms(), meter = progress.new(sys.clock_ms),
    json_due = progress.pace(sys.clock_ms, TEN_PER_SECOND), line_due = progress.pace(sys.clock_ms, TEN_PER_SECOND),
    milestone = progress.milestones(sys.clock_ms),
  }, output)
  self.people = given.json and self.errors or self.stdout
  local problem
  self.log, problem = open_log(given.log)
  return self, problem
end

-- ms since the start
function output:elapsed()
  return math.floor(sys.clock_ms() - self.start + 0.5)
end

--- Writes a line into the log only. A log that cannot be written any more is closed, with a warning.
-- @tparam string line
function output:record(line)
  local log = self.log
  if not log then return end
  local written, reason = log:write(("[%8.3f] %s\n"):format(self:elapsed() / 1000, line))
  if written then return end
  self.log = nil
  log:close()
  self:emit { event = "warning", code = "log.failed", message = "the log ends here: " .. reason }
end

function output:print(to, line, colour)
  self.people:clear()
  to:line(line, colour)
  self:record(line)
end

--- Prints a line that a command was asked for, also with --quiet.
-- @tparam string line
function output:say(line)
  self:print(self.people, line)
end

--- Prints rows of texts in aligned columns, as say does.
-- @tparam table rows arrays of strings
function output:rows(rows)
  for _, line in ipairs(text.columns(rows)) do self:say(line) end
end

--- Prints a line about the progress of the work; not with --quiet.
-- @tparam string line
function output:tell(line)
  if self.given.quiet then return self:record(line) end
  self:print(self.people, line)
end

--- Prints an object of a command; only with --json.
-- @tparam table object of moonflash.cli.schema
function output:object(object)
  if self.given.json then self.stdout:write(json.encode(object) .. "\n") end
end

-- Events -----------------------------------------------------------------------------------------

local function with_message(words, event)
  return event.message and words .. ": " .. event.message or words
end

local step_lines = {
  started = function(event) return event.step end,
  done = function(event) return event.message and "  " .. event.message end,
  skipped = function(event) return with_message(event.step .. ": skipped", event) end,
  failed = function(event) return with_message("  failed", event) end,
}

local takers = {}

function takers:step(event)
  self:object(schema.step(event, self:elapsed()))
  local line = step_lines[event.state] and step_lines[event.state](event)
  if line then self:tell(line) end
end

function takers:warning(event)
  self:object(schema.warning(event, self:elapsed()))
  self:print(self.errors, "warning: " .. event.message, "warning")
end

function takers:say(event)
  self:say(event.message)
end

function takers:note(event)
  if self.given.verbose then return self:print(self.people, "  " .. event.message) end
  self:record("  " .. event.message)
end

-- The result of one of several modems.
function takers:result(event)
  self:object(schema.result(event, self:elapsed()))
  if event.failure then
    return self:print(self.errors, event.place .. ": " .. tostring(event.failure), "error")
  end
  local what = event.exit == results.NOTHING_TO_DO and "nothing to do" or "done"
  self:say(("%s: %s, runs %s"):format(event.place, what, text.versions(event.after) or "the new firmware"))
end

function takers:progress(event)
  local seen = self.meter:take(event)
  if self.given.json and self.json_due(event.sent == event.total) then
    self.stdout:offer(json.encode(schema.progress(event, seen, self:elapsed())) .. "\n")
  end
  local rewrites, is_silent = self.people.rewrites, self.given.quiet or self.given.no_progress
  if self.milestone(seen.percent) then
    local line = progress.line(event, seen)
    if is_silent or rewrites then self:record(line) else self:print(self.people, line) end
  end
  if rewrites and not is_silent and self.line_due() then
    self.people:rewrite(progress.fitting_line(event, seen, self.people:width()))
  end
end

--- Takes an event of the library. An event of another name, which a script may emit, goes into the log.
-- @tparam table event
function output:emit(event)
  local take = takers[event.event]
  if take then return take(self, event) end
  self:record("event " .. tostring(event.event))
end

-- The end ----------------------------------------------------------------------------------------

function output:say_failure(problem)
  local lines = text.failure(problem)
  self:print(self.errors, "error: " .. lines[1], "error")
  for index = 2, #lines do self:print(self.errors, lines[index]) end
end

-- The versions before and after, if something was done or failed.
function output:say_versions(result)
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

--- Prints the end of a run: versions, failure, the result object. Closes the log.
-- @tparam table result
-- @treturn number exit status: that of the result, or 10 when its output was lost
function output:finish(result)
  self.people:clear()
  self:say_versions(result)
  if result.failure then self:say_failure(result.failure) end
  if result.exit == results.NOTHING_TO_DO then
    self:tell "nothing to do: the modem already runs this (--force sends it anyway)"
  elseif result.ok and result.after then
    self:tell "done (100 %)"
  end
  self:object(schema.result(result, self:elapsed()))
  self.stdout:finish()
  local lost = lost_output(self)
  if lost then self:say_failure(lost) end
  self.errors:finish()
  if self.log then self.log:close() end
  return lost and result.ok and results.SCRIPT_ERROR or result.exit
end

return output
