-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What specs share: programs as children with deadlines, temporary folders, and an end that leaves
-- nothing behind. Call `support.finish()` in `after_each`.
--
--     local result = support.run({ support.program, "inspect", "x.cwe" })
--     assert.equal(4, result.status)
--     local modem = support.simulator("mc7455", { time_scale = 0.01 })
--     support.run({ support.program, "--root", modem.root, "devices" })
-- @module tests.support

local cjson = require "cjson"
local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"

local support = {}

-- A child that does not read what we give it must not kill us with SIGPIPE, and Ctrl-C must reach
-- finish(), for the children are in groups of their own.
assert(sys.catch_signals())

--- How many times slower programs are here than on the machine the tests were written on: an emulated one
-- needs a modem and deadlines that are as much slower, or it loses every race by its start alone.
support.slowness = tonumber(os.getenv "MOONFLASH_SLOWNESS") or 1

-- A deadline only ends a child that hangs, so it leaves room for a machine that is busy with other work.
local DEADLINE_MS, BUSY = 20000, 4
local MOST_AT_ONCE = 65536
local scales = { ["--time-scale"] = true, ["--timeout-scale"] = true }

local children, folders = {}, {}
local watched -- the descriptors that were open at the time, as text

local Child = {}
Child.__index = Child

local function interpreter()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return arg[first]
end

--- The program under test.
support.program = os.getenv "MOONFLASH"

--- A new temporary folder, removed by finish().
-- @treturn string its path
function support.folder()
  local path = assert(sys.temporary_folder())
  folders[#folders + 1] = path
  return path
end

--- The arguments that run a piece of Lua in a new process of the same interpreter.
-- @tparam string text a chunk; it finds the arguments as `...`
-- @tparam[opt] string ... its arguments
-- @treturn table argv
function support.lua(text, ...)
  local path = support.folder() .. "/chunk.lua"
  assert(sys.write_file(path, text))
  return { interpreter(), path, ... }
end

-- The numbers of this process's open descriptors.
local function descriptors()
  return table.concat(sys.list("/proc/self/fd"), " ")
end

--- From here on nothing may be left open: the next finish() raises if something is. For `before_each`.
function support.watch()
  watched = descriptors()
end

local function close(child, name)
  if child[name] then sys.close(child[name]) end
  child[name] = nil
end

-- The arguments, with all scales of time as slow as this machine.
local function slowed(argv)
  local list = {}
  for index, word in ipairs(argv) do
    local scale = scales[argv[index - 1]] and tonumber(word)
    list[index] = scale and tostring(scale * support.slowness) or word
  end
  return list
end

--- When a wait ends that may take so long on a machine that is neither slow nor busy.
-- @tparam[opt] number ms
-- @treturn number as of sys.clock_ms
function support.deadline(ms)
  return sys.clock_ms() + (ms or DEADLINE_MS) * BUSY * support.slowness
end

-- Starts argv with pipes for its three streams; the child is in a group of its own.
local function spawn(argv, options)
  local input, to_input = sys.pipe()
  local from_output, output = sys.pipe()
  local from_error, errors = sys.pipe()
  local pid, problem = sys.spawn(slowed(argv), { stdin = input, stdout = output, stderr = errors,
    group = true, environment = options.environment })
  for _, descriptor in ipairs { input, output, errors } do sys.close(descriptor) end
  local child = setmetatable({ pid = pid, name = table.concat(argv, " "), input = to_input,
    output = from_output, errors = from_error, stdout = "", stderr = "" }, Child)
  children[#children + 1] = child
  if not pid then
    child:stop()
    error("cannot start " .. child.name .. ": " .. tostring(problem), 0)
  end
  return child
end

local function give_input(child)
  local count, problem = sys.write(child.input, child.to_send)
  if count then
    child.to_send = child.to_send:sub(count + 1)
  elseif problem.code ~= "sys.again" then
    child.to_send = ""
  end
  if child.to_send == "" then close(child, "input") end
end

local function take_output(child, stream, text)
  local bytes, problem = sys.read(child[stream], MOST_AT_ONCE)
  if bytes then
    child[text] = child[text] .. bytes
  elseif problem.code ~= "sys.again" then
    close(child, stream)
  end
end

-- Moves what can be moved between a child and us, waiting for it up to a deadline. False: late.
local function move(child, deadline)
  local entries = {}
  if child.to_send and child.input then
    entries[#entries + 1] = { fd = child.input, write = true, act = give_input }
  end
  for stream, text in pairs { output = "stdout", errors = "stderr" } do
    if child[stream] then
      entries[#entries + 1] = { fd = child[stream], read = true,
        act = function() take_output(child, stream, text) end }
    end
  end
  local ready = assert(sys.poll(entries, math.max(0, deadline - sys.clock_ms())))
  for _, entry in ipairs(ready) do entry.act(child) end
  return #ready > 0
end

local function fail_late(child, what)
  child:stop()
  error(("%s: %s\nstdout: %s\nstderr: %s"):format(child.name, what, child.stdout, child.stderr), 0)
end

--- The next line the child writes to its standard output, without the line end. Raises when none
-- comes in time.
-- @tparam[opt] number ms
-- @treturn string
function Child:line(ms)
  local deadline = support.deadline(ms)
  while not self.stdout:find("\n", 1, true) do
    if not self.output then fail_late(self, "ended before it wrote a line") end
    if not move(self, deadline) then fail_late(self, "wrote no line in time") end
  end
  local line, rest = self.stdout:match("^([^\n]*)\n(.*)$")
  self.stdout = rest
  return line
end

--- Sends a signal to the child.
-- @tparam string name "INT"
function Child:kill(name)
  assert(sys.kill(self.pid, name))
end

--- Waits for the end of the child and all it writes until then. Raises when that takes too long.
-- @tparam[opt] number ms
-- @treturn number exit status, 128 + signal when it was killed
function Child:wait(ms)
  local deadline = support.deadline(ms)
  while self.output or self.errors do
    if not move(self, deadline) then fail_late(self, "has not ended in time") end
  end
  local status = sys.wait(self.pid, math.max(0, deadline - sys.clock_ms()))
  if not status then fail_late(self, "has not ended in time") end
  self.ended = true
  self:stop()
  return status
end

--- Ends the child and its group at once. May be called again.
function Child:stop()
  if self.pid then
    sys.kill(-self.pid, "KILL")
    if not self.ended then sys.wait(self.pid, DEADLINE_MS) end
  end
  self.pid = nil
  for _, stream in ipairs { "input", "output", "errors" } do close(self, stream) end
end

--- Starts a program that goes on until it is stopped.
-- @tparam table argv
-- @tparam[opt] table options environment = { NAME = value | false }
-- @treturn Child with methods line, kill, wait, stop
function support.start(argv, options)
  return spawn(argv, options or {})
end

--- Runs a program to its end.
-- @tparam table argv
-- @tparam[opt] table options input = text for its standard input, deadline_ms, environment
-- @treturn table { status=, stdout=, stderr= }
function support.run(argv, options)
  options = options or {}
  local child = spawn(argv, options)
  child.to_send = options.input or ""
  local status = child:wait(options.deadline_ms)
  return { status = status, stdout = child.stdout, stderr = child.stderr }
end

--- All of a file, however large.
-- @treturn string
function support.contents(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

-- The download window of a real loader, and the least that it lasts here, in seconds. Scaled like all times of
-- the modem it would be a fraction of a second, and a busy machine would miss it.
local REAL_WINDOW, LEAST_WINDOW = 29, 10

-- The faults of a simulated modem, with a window if they name none.
local function with_window(faults, time_scale)
  local list = {}
  for index, fault in ipairs(faults) do
    if fault:find "window=" then return faults end
    list[index] = fault
  end
  list[#list + 1] = ("window=%.0f"):format(math.max(REAL_WINDOW, LEAST_WINDOW / time_scale))
  return list
end

--- Starts a simulated modem and waits until it is ready. Unless a fault says otherwise, its loader waits for an
-- image for 10 s of the test.
-- @tparam string model
-- @tparam[opt] table options folder, time_scale, faults (a list of texts), deadline_ms, second (another model),
--   usb = true: as a USB device of this machine
-- @treturn Child with the fields root, for --root, and folder, where its log and the received images are
function support.simulator(model, options)
  options = options or {}
  local folder = options.folder or support.folder() .. "/root"
  local argv = { support.program, "simulate", "--dir", folder, model, options.second }
  if options.usb then argv[#argv + 1] = "--usb" end
  if options.time_scale then
    argv[#argv + 1] = "--time-scale"
    argv[#argv + 1] = tostring(options.time_scale)
  end
  for _, fault in ipairs(with_window(options.faults or {}, options.time_scale or 1)) do
    argv[#argv + 1] = "--fault"
    argv[#argv + 1] = fault
  end
  local child = support.start(argv)
  child.root, child.folder = child:line(options.deadline_ms), folder
  return child
end

--- What a simulator logged so far. A line that is just being written is not there yet.
-- @tparam string root the simulator's
-- @tparam[opt] string event only those
-- @treturn table list of tables
function support.log(root, event)
  local found = {}
  for line in assert(sys.read_file(root .. "/log")):gmatch "([^\n]*)\n" do
    local entry = cjson.decode(line)
    if not event or entry.event == event then found[#found + 1] = entry end
  end
  return found
end

--- The code of a failure, from what a call returned. Raises unless it is a failure whose code is on
-- the list and which says what to do next.
-- @param result nil
-- @tparam table problem
-- @treturn string
function support.code_of(result, problem)
  assert(result == nil and failure.is(problem), "no failure: " .. tostring(result))
  assert(failure.hint(problem), "no such failure code: " .. tostring(problem.code))
  return problem.code
end

--- Stops all children that still run and removes all temporary folders. Raises when watch() was called and
-- other descriptors are open than then.
function support.finish()
  for _, child in ipairs(children) do child:stop() end
  for _, path in ipairs(folders) do sys.remove_tree(path) end
  local before = watched
  children, folders, watched = {}, {}, nil
  if before and before ~= descriptors() then
    error(("descriptors left open: %s, not %s"):format(descriptors(), before), 2)
  end
end

return support
