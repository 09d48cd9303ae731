-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Child processes of other programs: started without a shell or a terminal, in a process group of their own.
--
--     local text = process.output({ "ubus", "list" }, 5000)
--     local child = process.start { "moonflash", "--json", "status" }
--     print(child:read_all(sys.clock_ms() + 5000), child:wait(1000))
--     child:close()

local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"
local sys = require "moonflash.core.sys"

local process = {}
process.__index = process

local MOST_AT_ONCE, MOST_OUTPUT = 65536, 4194304
local KILL_MS = 5000

local function left_until(deadline)
  return math.max(0, deadline - sys.clock_ms())
end

--- Tries something until it succeeds or the deadline (of sys.clock_ms) is over; one try is always made. `try` returns a
-- value; or nil, a failure, and whether another try may help. Returns the same, or nil and sys.interrupted.
function process.poll_until(deadline, interval_ms, try)
  while true do
    local value, problem, may_help = try()
    if value or not may_help or sys.clock_ms() >= deadline then return value, problem end
    local slept, interrupted = sys.sleep_ms(interval_ms)
    if not slept then return nil, interrupted end
  end
end

local function spawn(argv, options, output)
  return sys.spawn(argv, {
    stdin = options.stdin or false, stdout = output, stderr = options.stderr or false, group = true,
  })
end

--- Starts a program; a name without a slash is looked for in PATH. Its standard output is a pipe; options: descriptors
-- stdin and stderr, /dev/null when not given. Returns { argv, pid, pipe = descriptor }, or nil and a failure.
function process.start(argv, options)
  local pipe, input = sys.pipe()
  if not pipe then return nil, input end
  local pid, problem = spawn(argv, options or {}, input)
  sys.close(input)
  if pid then return setmetatable({ argv = argv, pid = pid, pipe = pipe }, process) end
  sys.close(pipe)
  return nil, problem
end

--- Reads what the program writes within a time: at least one byte; or nil and a failure: sys.closed (the end),
-- sys.timeout, sys.interrupted.
function process:read(ms)
  local ready, problem = sys.poll({ { fd = self.pipe, read = true } }, ms)
  if not ready then return nil, problem end
  if not ready[1] then return nil, failure.new("sys.timeout", self.argv[1] .. " wrote nothing in time") end
  return sys.read(self.pipe, MOST_AT_ONCE)
end

--- Reads until the program closes its output: at most 4 MiB; or nil and a failure: sys.timeout, sys.interrupted,
-- sys.failed.
function process:read_all(deadline)
  local parts, size = {}, 0
  while true do
    local bytes, problem = self:read(left_until(deadline))
    if not bytes and problem.code == "sys.closed" then return table.concat(parts) end
    if not bytes then return nil, problem end
    parts[#parts + 1], size = bytes, size + #bytes
    if size > MOST_OUTPUT then return nil, failure.new("sys.failed", self.argv[1] .. " wrote too much") end
  end
end

--- Waits for the end of the program. May be called again. Returns its exit status, or 128 + signal; or nil and a
-- failure: sys.timeout, sys.interrupted; sys.failed when other code has waited for all children.
function process:wait(ms)
  if self.status then return self.status end
  local problem
  self.status, problem = sys.wait(self.pid, math.max(0, ms))
  self.ended = self.status ~= nil or problem.code == "sys.failed"
  return self.status, problem
end

--- Closes the pipe; the program goes on. May be called again.
function process:close()
  if self.pipe then sys.close(self.pipe) end
  self.pipe = nil
end

--- Ends the program: SIGTERM, if there are ms to end by itself, then SIGKILL for its whole group. Closes the pipe.
function process:stop(ms)
  self:wait(0) -- after the end its process id may be that of another process
  if ms and not self.ended then
    sys.kill(self.pid, "TERM")
    self:wait(ms)
  end
  if not self.ended then
    sys.kill(-self.pid, "KILL")
    self:wait(KILL_MS)
  end
  self:close()
end

-- true when the program ends with status 0 before the deadline.
local function succeed(self, deadline)
  local status, problem = self:wait(left_until(deadline))
  if status == 0 then return true end
  if not status then self:stop() end
  return nil, problem or failure.new("sys.program", table.concat(self.argv, " ") .. " failed",
    { evidence = ("exit status %d"):format(status) })
end

local function run(argv, ms)
  local deadline = sys.clock_ms() + ms
  local pid, problem = spawn(argv, {}, false)
  if not pid then return nil, problem end
  return succeed(setmetatable({ argv = argv, pid = pid }, process), deadline)
end

local function output(argv, ms)
  local deadline = sys.clock_ms() + ms
  local self, problem = process.start(argv)
  if not self then return nil, problem end
  local text, ended
  text, problem = self:read_all(deadline)
  if text then ended, problem = succeed(self, deadline) end
  self:stop()
  return ended and text, problem
end

--- Runs a program to its end; its output is dropped. It is killed after some ms. Interrupts are deferred: its work is
-- not left half done. Returns true for exit status 0, or nil and a failure: sys.program, sys.timeout, sys.not_found.
function process.run(argv, ms)
  return interrupt.defer(run, argv, ms)
end

--- The output of a program that ends with status 0; or nil and a failure as of process.run. It is killed after some ms.
-- Interrupts are deferred.
function process.output(argv, ms)
  return interrupt.defer(output, argv, ms)
end

return process
