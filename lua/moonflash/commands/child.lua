--- moonflash as a child process, for programs with a loop of their own: what it does comes as events
-- on a descriptor, and it goes on when its caller ends.
--
--     local job = assert(flash.job { command = "update", files = { "new.cwe", "new.nvu" } })
--     -- in the loop, whenever job:descriptor() is readable:
--     for _, event in ipairs(job:read() or {}) do ... end
--     -- at the end:
--     local result = job:wait(1000)
--
-- Read at least every few seconds: a full pipe makes the child wait.
-- @module moonflash.commands.child

local command_line = require "moonflash.commands.child_arguments"
local exit = require "moonflash.commands.result"
local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local place = require "moonflash.base.install"
local sys = require "moonflash.core.sys"

local child = {}
child.__index = child

local MOST_AT_ONCE = 65536
local MOST_READS_AFTER_END = 64 -- more than a pipe holds, for what a process left behind may write for ever
local LOOK_MS = 50
local TAKEN = 255 -- for the exit status that a loop took which waits for all children

-- The program of this installation, else the one PATH leads to.
local function program()
  return sys.access(place.program, "x") and place.program or "moonflash"
end

--- Starts a moonflash. It is in a process group of its own, so neither the end of the caller nor that
-- of the terminal ends it.
-- @tparam table request command ("update", "status" ...), files, arguments (behind them) or pair, root,
-- selection and options as for flash.update and the command line's (`_` for `-`: log = "/tmp/log"; within
-- a script what is left open is as its own command line said), program, stdin and stderr (descriptors;
-- /dev/null when not given)
-- @treturn table the job, or nil and a failure
function child.start(request)
  local whole, none = command_line.whole(request)
  if not whole then return nil, none end
  local output, input = sys.pipe()
  if not output then return nil, input end
  local pid, problem = sys.spawn({ request.program or program(), "--json",
    unpack(command_line.words(whole)) }, {
    stdin = request.stdin or false, stdout = input, stderr = request.stderr or false, group = true })
  sys.close(input)
  if pid then return setmetatable({ pid = pid, output = output, pending = "", lines = {} }, child) end
  sys.close(output)
  return nil, problem
end

--- What to poll for reading: events have come, or the job has ended; nil after its end was seen.
function child:descriptor()
  return self.output
end

local function hear_no_more(self)
  self.over = true
  self:close()
end

-- Takes what has come, true if that was something; closes at the end.
local function take(self)
  local bytes, problem = sys.read(self.output, MOST_AT_ONCE)
  if not bytes then
    if problem.code ~= "sys.again" then hear_no_more(self) end
    return false
  end
  local text = self.pending .. bytes
  local whole, rest = text:match "^(.*\n)(.*)$"
  for line in (whole or ""):gmatch "([^\n]*)\n" do
    self.lines[#self.lines + 1], self.last = line, line
  end
  self.pending = rest or text
  return true
end

-- Waits for the end of the process, which a loop that waits for all children may have seen first.
local function await_process(self, ms)
  if self.status then return true end
  local status, problem = sys.wait(self.pid, math.max(0, ms))
  if not status and problem.code == "sys.failed" then status = TAKEN end
  self.status = status
  return status and true, problem
end

-- All that an ended process wrote is in the pipe; its end need not come, for what it left running in the
-- background may hold the pipe, too.
local function take_rest(self)
  for _ = 1, MOST_READS_AFTER_END do
    if not self.output or not take(self) then break end
  end
  if self.output then hear_no_more(self) end
end

-- Takes what has come; true at the end, which the descriptor does not tell while something else holds the
-- pipe. So the process is looked at, after a result (there may be several) for a moment more.
local function listen(self)
  if not self.output then return true end
  local ended = await_process(self, 0)
  local result = not ended and take(self) and self.last and self.last:find('"event":"result"', 1, true)
  if ended or result and await_process(self, LOOK_MS) then take_rest(self) end
  return not self.output
end

--- The lines of JSON that have come since the last call; does not wait.
-- @treturn table array of strings, or nil when the job has ended and all has been given
function child:read_lines()
  if listen(self) and not self.lines[1] then return nil end
  local lines = self.lines
  self.lines = {}
  return lines
end

-- What a script prints is no JSON, or not ours; it may stand before ours without an end of its line.
local function decode(line)
  local value = json.decode(line:match '{"v":.*$' or line)
  if type(value) == "table" then return json.without_null(value) end
  return { event = "output", message = line }
end

--- The events that have come since the last call; does not wait.
-- @treturn table array of the objects of the command line's --json, without their nulls, and { event =
-- "output", message } for each line that a script has printed itself; nil when the job has ended and all
-- has been given
function child:read()
  local lines = self:read_lines()
  for i, line in ipairs(lines or {}) do lines[i] = decode(line) end
  return lines
end

--- Asks the job to stop, like Ctrl-C does: before the reset of the modem that is a clean stop; during
-- a transfer the first time only warns, the second time stops.
-- @treturn boolean true, also when it has ended, or nil and a failure
function child:cancel()
  if self.status or self.over then return true end
  local signal = self.cancelled and "INT" or "TERM" -- two of one kind at once would count as one
  self.cancelled = true
  return sys.kill(self.pid, signal)
end

-- The exit statuses of who was cancelled: by itself, or before it could take note of that (SIGTERM, SIGINT).
local EARLY = "stopped before it began"
local stopped = { [exit.INTERRUPTED] = "stopped", [143] = EARLY, [130] = EARLY, [TAKEN] = EARLY }

-- Killed, or cancelled; or nobody listened to its end.
local function cut_off(self)
  local how = self.cancelled and stopped[self.status]
  if how then
    return { ok = false, exit = exit.INTERRUPTED, failure = failure.new("job.interrupted", how) }
  end
  local went_well = self.status == exit.DONE or self.status == exit.NOTHING_TO_DO
  if went_well and not self.over then return { ok = true, exit = self.status } end
  return { ok = false, exit = self.status, failure = failure.new("internal",
    "the job ended without a result", { evidence = ("status %.0f"):format(self.status) }) }
end

local function result_of(self)
  local result = self.last and decode(self.last) or {}
  if result.event ~= "result" then return cut_off(self) end
  local problem = result.failure
  if problem and not failure.codes[problem.code] then problem.code = "internal" end -- another program's
  result.failure = problem and failure.new(problem.code, problem.message, problem)
  return result
end

-- Waits until the job has closed its output or has ended: true, or nil and a failure.
local function await_end(self, deadline)
  while not listen(self) do
    local left = deadline - sys.clock_ms()
    if left <= 0 then return nil, failure.new("sys.timeout", "the job goes on") end
    local ready, problem = sys.poll({ { fd = self.output, read = true } }, math.min(left, LOOK_MS))
    if not ready then return nil, problem end
  end
  return true
end

--- Waits for the end of the job. Events that come meanwhile are kept for read().
-- @tparam number ms
-- @treturn table { ok, exit, before, after, failure } as from flash.update, or nil and a failure:
-- sys.timeout, sys.interrupted
function child:wait(ms)
  if type(ms) ~= "number" then error("job:wait takes milliseconds", 2) end
  local deadline = sys.clock_ms() + ms
  local ended, problem = await_end(self, deadline)
  if not ended then return nil, problem end
  ended, problem = await_process(self, deadline - sys.clock_ms())
  if not ended then return nil, problem end
  return result_of(self)
end

--- Gives up listening; the job itself goes on, and only `wait` says when it has ended (until then it stays in
-- the table of processes). May be called again.
function child:close()
  if self.output then sys.close(self.output) end
  self.output = nil
end

return child
