-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- moonflash as a child process, for programs with an event loop of their own: its events arrive on a descriptor.
-- The child continues when its caller ends.
--
--     local job = assert(flash.job { command = "update", files = { "new.cwe", "new.nvu" } })
--     -- in the loop, whenever job:descriptor() is readable:
--     for _, event in ipairs(job:read() or {}) do ... end
--     -- at the end:
--     local result = job:wait(1000)
--
-- Read at least every few seconds: a full pipe makes the child wait.

local failure = require "moonflash.base.failure"
local install = require "moonflash.base.install"
local json = require "moonflash.base.json"
local process = require "moonflash.base.process"
local requests = require "moonflash.base.request"
local results = require "moonflash.commands.result"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local child = {}
child.__index = child

local MOST_AT_ONCE = 65536 -- bytes: all that a pipe holds
local LOOK_MS = 50
local STATUS_LOST = 255 -- instead of an exit status that a loop received which waits for all children

-- The program of this installation, or else the one in PATH.
local function program()
  return sys.access(install.program, "x") and install.program or "moonflash"
end

--- Starts a moonflash, in a process group of its own: it outlives its caller and the terminal.
-- @tparam table given command ("update", "status" ...), files, arguments (behind them), path or pair; root, selection
-- and options as for flash.update, and the other options of the command line (with `_` for `-`: log =
-- "/tmp/log"); within a script what is left open is taken from its command line; program, stdin and stderr
-- (descriptors; /dev/null when not given)
-- @treturn table the job, or nil and a failure
-- @raise for a wrong request
function child.start(given)
  requests.check_job(given)
  local request = requests.complete(given)
  -- MOONFLASH_ROOT holds for the child, too
  if request.root == "/" and not given.root then request.root = nil end
  local argv = { request.program or program(), "--json", tables.unpack(requests.words(request)) }
  local started, problem = process.start(argv, { stdin = request.stdin, stderr = request.stderr })
  if not started then return nil, problem end
  return setmetatable({ process = started, pid = started.pid, pending = "", lines = {} }, child)
end

--- The descriptor to poll for reading: readable when events have come or the job has ended; nil after its end was
-- read.
function child:descriptor()
  return self.process.pipe
end

-- Takes what has come. Closes the pipe at its end.
local function take(self)
  local bytes, problem = sys.read(self.process.pipe, MOST_AT_ONCE)
  if not bytes then
    if problem.code ~= "sys.again" then self:close() end
    return
  end
  local text = self.pending .. bytes
  local whole, rest = text:match "^(.*\n)(.*)$"
  for line in (whole or ""):gmatch "([^\n]*)\n" do
    self.lines[#self.lines + 1], self.last = line, line
  end
  self.pending = rest or text
end

-- Waits for the end of the process. A loop that waits for all children may have received its status.
local function await_process(self, ms)
  if self.status then return true end
  local status, problem = self.process:wait(ms)
  if not status and problem.code ~= "sys.failed" then return nil, problem end
  self.status = status or STATUS_LOST
  return true
end

-- Takes what has come; returns whether that was all. When the process has ended, all that it wrote is in the pipe;
-- a program that it left running may hold the pipe open.
local function listen(self)
  if not self:descriptor() then return true end
  local ended = await_process(self, 0)
  take(self)
  if ended then self:close() end
  return not self:descriptor()
end

--- The lines of JSON that have come since the last call; does not wait.
-- @treturn table array of strings, or nil when the job has ended and all lines were returned
function child:read_lines()
  if listen(self) and not self.lines[1] then return nil end
  local lines = self.lines
  self.lines = {}
  return lines
end

-- What a script prints is no JSON of this program; it may precede a JSON object without a line end.
local function decode(line)
  local value = json.decode(line:match '{"v":.*$' or line, true)
  if type(value) == "table" then return value end
  return { event = "output", message = line }
end

--- The events that have come since the last call; does not wait.
-- @treturn table array of the objects of `--json`, without their nulls, and { event = "output", message } for each
-- line that a script printed; nil when the job has ended and all events were returned
function child:read()
  local lines = self:read_lines()
  for index, line in ipairs(lines or {}) do lines[index] = decode(line) end
  return lines
end

--- Asks the job to stop, as Ctrl-C does: before the reset of the modem it stops cleanly; during a transfer the
-- first call only warns, the second one stops.
-- @treturn boolean true, also when the job has ended; or nil and a failure
function child:cancel()
  if await_process(self, 0) then return true end
  local signal = self.cancelled and "INT" or "TERM" -- two equal signals at once would count as one
  self.cancelled = true
  return sys.kill(self.pid, signal)
end

-- Exit statuses of a cancelled job: its own, or those of a process that SIGTERM or SIGINT ended before it caught
-- signals.
local stopped = { [results.INTERRUPTED] = true, [143] = true, [130] = true, [STATUS_LOST] = true }

-- The result of a job that was killed or cancelled, or whose result was not read.
local function result_of_status(self)
  local status = self.status
  if self.cancelled and stopped[status] then
    return results.bad(failure.new("job.interrupted", "the job was stopped"))
  end
  return results.of_exit(status)
end

local function result_of(self)
  local result = self.last and decode(self.last) or {}
  if result.event ~= "result" then return result_of_status(self) end
  local problem = result.failure
  if problem and not failure.codes[problem.code] then problem.code = "internal" end -- another program's
  result.failure = problem and failure.new(problem.code, problem.message, problem)
  return result
end

-- Waits until the job has ended: true, or nil and a failure.
local function await_end(self, deadline)
  while not listen(self) do
    local left = deadline - sys.clock_ms()
    if left <= 0 then return nil, failure.new("sys.timeout", "the job has not ended yet") end
    local ready, problem = sys.poll({ { fd = self:descriptor(), read = true } }, math.min(left, LOOK_MS))
    if not ready then return nil, problem end
  end
  return true
end

--- Waits for the end of the job. Events that come during the wait are kept for read().
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

--- Closes the pipe. The job continues; `wait` still returns its exit status, and removes it from the table of
-- processes. May be called again.
function child:close()
  self.process:close()
end

return child
