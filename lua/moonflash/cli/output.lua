--- Events in, text or JSON out: the only place that prints.
-- @module moonflash.cli.output

local console = require "moonflash.cli.console"
local exit = require "moonflash.commands.result"
local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local progress = require "moonflash.cli.progress"
local progress_line = require "moonflash.cli.progress_line"
local shape = require "moonflash.cli.shape"
local text = require "moonflash.cli.text"

local output = {}
output.__index = output

local TEN_A_SECOND = 100

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

--- Opens the output.
-- @tparam table wanted json, verbose, quiet, no_progress (booleans), log (path)
-- @tparam table given stdout, stderr (streams, see console), clock (gives ms), plain (no colours)
-- @treturn table|nil output, or nil and a failure
function output.open(wanted, given)
  local log, problem = open_log(wanted.log)
  if problem then return nil, problem end
  local self = { wanted = wanted, stdout = given.stdout, log = log, clock = given.clock }
  self.errors = console.new(given.stderr, given.plain)
  self.people = wanted.json and self.errors or console.new(given.stdout, given.plain)
  self.start = given.clock()
  self.meter = progress.new(given.clock)
  self.json_due = progress.pace(given.clock, TEN_A_SECOND)
  self.line_due = progress.pace(given.clock, TEN_A_SECOND)
  self.milestone = progress.milestones(given.clock)
  return setmetatable(self, output)
end

function output:elapsed()
  return math.floor(self.clock() - self.start + 0.5)
end

--- Writes into the log only.
function output:record(line)
  if self.log then self.log:write(("[%8.3f] %s\n"):format(self:elapsed() / 1000, line)) end
end

function output:print(to, line, colour)
  self.people:clear()
  to:line(line, colour)
  self:record(line)
end

--- A line a command was asked for; also with --quiet.
function output:say(line)
  self:print(self.people, line)
end

--- A line about what goes on; not with --quiet.
function output:tell(line)
  if self.wanted.quiet then return self:record(line) end
  self:print(self.people, line)
end

--- The object of a command, before its result; nothing unless --json.
-- @tparam table object from cli.json
function output:object(object)
  if self.wanted.json then self.stdout:write(json.encode(object) .. "\n") end
end

local function with_message(words, event)
  return event.message and words .. ": " .. event.message or words
end

local STEP_LINES = {
  started = function(event) return event.step end,
  done = function(event) return event.message and "  " .. event.message end,
  skipped = function(event) return with_message(event.step .. ": skipped", event) end,
  failed = function(event) return with_message("  failed", event) end,
}

local takers = {}

function takers:step(event)
  self:object(shape.step(event, self:elapsed()))
  local line = STEP_LINES[event.state](event)
  if line then self:tell(line) end
end

function takers:warning(event)
  self:object(shape.warning(event, self:elapsed()))
  self:print(self.errors, "warning: " .. event.message, "warning")
end

function takers:say(event)
  self:say(event.message)
end

function takers:note(event)
  if self.wanted.verbose then return self:print(self.people, "  " .. event.message) end
  self:record("  " .. event.message)
end

-- One of several modems is done with.
function takers:result(event)
  local result = event.result
  self:object(shape.result(result, self:elapsed()))
  if result.failure then
    return self:print(self.errors, result.place .. ": " .. tostring(result.failure), "error")
  end
  local what = result.exit == exit.NOTHING_TO_DO and "nothing to do" or "done"
  self:say(("%s: %s, runs %s"):format(result.place, what, text.versions(result.after) or "the new firmware"))
end

function takers:progress(event)
  local seen = self.meter:take(event)
  if self.wanted.json and self.json_due(event.sent == event.total) then
    self.stdout:offer(json.encode(shape.progress(event, seen, self:elapsed())) .. "\n")
  end
  if self.milestone(seen.percent) then self:milestone_line(event, seen) end
  if self:rewrites() and self.line_due() then
    self.people:rewrite(progress_line.fitting(event, seen, self.people:width()))
  end
end

function output:rewrites()
  return self.people.terminal and not self.wanted.quiet and not self.wanted.no_progress
end

function output:milestone_line(event, seen)
  local line = progress_line.plain(event, seen)
  local silent = self.wanted.quiet or self.wanted.no_progress or self.people.terminal
  if silent then self:record(line) else self:print(self.people, line) end
end

--- Takes an event of the engine.
function output:emit(event)
  local take = takers[event.event] or error("no such event: " .. tostring(event.event), 2)
  take(self, event)
end

function output:say_failure(problem)
  local lines = text.failure(problem)
  self:print(self.errors, "error: " .. lines[1], "error")
  for i = 2, #lines do self:print(self.errors, lines[i]) end
end

-- What was and what is now, if something was done or went wrong.
function output:say_versions(result)
  if result.exit == exit.NOTHING_TO_DO or result.ok and not result.after then return end
  local before, after = text.versions(result.before), text.versions(result.after)
  if before then self:tell("before: " .. before) end
  if after then self:tell("after:  " .. after) end
end

--- The last words: versions or failure for people, the result object.
-- @tparam table result as the engine's
function output:finish(result)
  self.people:clear()
  self:say_versions(result)
  if result.failure then self:say_failure(result.failure) end
  if result.exit == exit.NOTHING_TO_DO then
    self:tell "nothing to do: the modem already runs this (--force does it all the same)"
  elseif result.ok and result.after then
    self:tell "done (100 %)"
  end
  self:object(shape.result(result, self:elapsed()))
  self.stdout:finish()
  self.errors:finish()
  if self.log then self.log:close() end
end

return output
