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
-- @module moonflash.child

local cjson = require "cjson"
local context = require "moonflash.context"
local exit = require "moonflash.exit"
local failure = require "moonflash.failure"
local modems = require "moonflash.modems"
local place = require "moonflash.place"
local sys = require "moonflash.core.sys"
local words = require "moonflash.context.words"

local child = {}
child.__index = child

local MOST_AT_ONCE = 65536

-- --- the command line ---------------------------------------------------------------------------

-- What the command line says in another form.
local function translated(options, selection)
  local skipped, number = {}, selection.number
  for finding, skip in pairs(options.skip or {}) do skipped[#skipped + 1] = skip and finding or nil end
  return {
    vid_pid = selection.vid and table.concat({ selection.vid, selection.pid }, ":"),
    busnum_devnum = number and selection.bus and selection.bus .. ":" .. number or number,
    qmi = options.mbim == false, skip = skipped,
  }
end

local not_as_they_are = { vid = true, pid = true, bus = true, number = true, skip = true }

local function add_option(line, name, value)
  local option = "--" .. name:gsub("_", "-")
  if type(value) == "table" then
    for _, one in ipairs(value) do line[#line + 1] = option .. "=" .. one end
  elseif value == true then
    line[#line + 1] = option
  elseif value then
    line[#line + 1] = option .. "=" .. tostring(value)
  end
end

local function add_options(line, options, leave_out)
  for name, value in pairs(options) do
    if not leave_out[name] then add_option(line, name, value) end
  end
end

--- The command line of a request.
-- @tparam table request see start
-- @treturn table its words after `moonflash`
function child.words(request)
  local line, options, selection = {}, request.options or {}, request.selection or {}
  add_options(line, options, not_as_they_are)
  add_options(line, selection, not_as_they_are)
  add_options(line, translated(options, selection), {})
  add_option(line, "root", request.root)
  line[#line + 1] = request.command
  line[#line + 1] = "--"
  line[#line + 1] = request.pair
  for _, word in ipairs(request.files or request.arguments or {}) do line[#line + 1] = word end
  return line
end

local fields = {
  string = "command pair root program", table = "files arguments selection options", number = "stdin stderr",
}

-- A selection in the words of the command line: a modem that it has none for is looked up.
local function worded(request)
  local selection = request.selection or {}
  local vague = selection.bus and not selection.number or selection.pid and not selection.vid
  if not selection.model and not vague then return selection end
  local found, none = modems.choose { root = request.root or "/", selection = selection }
  if not found then return nil, none end
  return { place = found.place }
end

-- What is left open is as the script's own command line said, but for where that is recorded.
local function inherited(request)
  local current, options = context.current(), {}
  for name, value in pairs(current.options) do options[name] = value end
  options.trace = nil
  for name, value in pairs(request.options or {}) do options[name] = value end
  local whole = { root = current.root ~= "/" and current.root or nil, selection = current.selection }
  for name, value in pairs(request) do whole[name] = value end
  whole.options = options
  return whole
end

-- The program of this installation, else the one PATH leads to.
local function program()
  return sys.access(place.program, "x") and place.program or "moonflash"
end

-- --- the job ------------------------------------------------------------------------------------

--- Starts a moonflash. It is in a process group of its own, so neither the end of the caller nor that
-- of the terminal ends it.
-- @tparam table request command ("update", "status" ...), files, arguments or pair, root, selection and
-- options as for flash.update and the command line's (`_` for `-`: log = "/tmp/log"; within a script what
-- is left open is as its own command line said), program, stdin and stderr (descriptors; /dev/null when
-- not given)
-- @treturn table the job, or nil and a failure
function child.start(request)
  if type(request.command) ~= "string" then error("a job needs a command", 2) end
  words.check_fields(request, fields, "a job")
  local whole = inherited(request)
  local selection, none = worded(whole)
  if not selection then return nil, none end
  whole.selection = selection
  local output, input = sys.pipe()
  if not output then return nil, input end
  local pid, problem = sys.spawn({ request.program or program(), "--json",
    unpack(child.words(whole)) }, {
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

-- Takes what has come; closes at the end.
local function take(self)
  local bytes, problem = sys.read(self.output, MOST_AT_ONCE)
  if not bytes then
    if problem.code ~= "sys.again" then self:close() end
    return
  end
  self.pending = self.pending .. bytes
  for line in self.pending:gmatch "([^\n]*)\n" do
    self.lines[#self.lines + 1], self.last = line, line
  end
  self.pending = self.pending:match "[^\n]*$"
end

--- The lines of JSON that have come since the last call; does not wait.
-- @treturn table array of strings, or nil when the job has ended and all has been given
function child:read_lines()
  if self.output then take(self) end
  if not self.output and not self.lines[1] then return nil end
  local lines = self.lines
  self.lines = {}
  return lines
end

-- Lua has no place for null in a table: what is null is absent.
local function without_null(value)
  if type(value) ~= "table" then return value end
  for key, inner in pairs(value) do
    if inner == cjson.null then value[key] = nil else without_null(inner) end
  end
  return value
end

-- What a script prints is no JSON, or not ours; it may stand before ours without an end of its line.
local function decode(line)
  local ok, value = pcall(cjson.decode, line:match '{"v":.*$' or line)
  if ok and type(value) == "table" then return without_null(value) end
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
  if self.status then return true end
  self.cancelled = true
  return sys.kill(self.pid, "TERM")
end

-- Killed, or cancelled before it could take note of that.
local function cut_off(self)
  if self.cancelled then
    return { ok = false, exit = exit.INTERRUPTED,
      failure = failure.new("job.interrupted", "stopped before it began") }
  end
  return { ok = false, exit = self.status, failure = failure.new("internal",
    "the job ended without a result", { evidence = ("status %.0f"):format(self.status) }) }
end

local function result_of(self)
  local result = self.last and decode(self.last) or {}
  if result.event ~= "result" then return cut_off(self) end
  local problem = result.failure
  result.failure = problem and failure.new(problem.code, problem.message, problem)
  return result
end

-- Waits until the job has closed its output: true, or nil and a failure.
local function await_end(self, deadline)
  while self.output do
    local ready, problem = sys.poll({ { fd = self.output, read = true } },
      math.max(0, deadline - sys.clock_ms()))
    if not ready then return nil, problem end
    if not ready[1] then return nil, failure.new("sys.timeout", "the job goes on") end
    take(self)
  end
  return true
end

--- Waits for the end of the job. Events that come meanwhile are kept for read().
-- @tparam number ms
-- @treturn table { ok, exit, before, after, failure } as from flash.update, or nil and a failure:
-- sys.timeout, sys.interrupted
function child:wait(ms)
  local deadline = sys.clock_ms() + ms
  local ended, problem = await_end(self, deadline)
  if not ended then return nil, problem end
  if not self.status then
    self.status, problem = sys.wait(self.pid, math.max(0, deadline - sys.clock_ms()))
    if not self.status then return nil, problem end
  end
  return result_of(self)
end

--- Gives up listening; the job itself goes on. May be called again.
function child:close()
  if self.output then sys.close(self.output) end
  self.output = nil
end

return child
