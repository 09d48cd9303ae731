-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Runs the command of a trace again, with a modem that does what the recorded modem did, and compares the
-- outcome. The program runs as a child process; its modem is made of parts of the simulator.
--
--     local result = replay.run { trace = "update.trace", files = { "new.cwe", "new.nvu" } }
--
-- One modem is replayed. Ports that could not be opened and other programs are not replayed.

local child = require "moonflash.commands.child"
local command = require "moonflash.sim.replay.command"
local event_loop = require "moonflash.sim.event_loop"
local events = require "moonflash.sim.replay.events"
local expect = require "moonflash.sim.replay.expect"
local failure = require "moonflash.base.failure"
local interrupt = require "moonflash.base.interrupt"
local modem = require "moonflash.sim.replay.modem"
local outcome = require "moonflash.sim.replay.outcome"
local redact = require "moonflash.trace.redact"
local results = require "moonflash.commands.result"
local sys = require "moonflash.core.sys"
local uevent = require "moonflash.sim.uevent"
local usb = require "moonflash.sim.usb"

local replay = {}

local TIME_SCALE = 0.01
local GRACE_MS = 1000 -- for the program's last output
local END_MS = 5000

-- Functions that find something wrong raise a failure: replay.run catches it.

local CUT = "record the session to its end; up to the line where the trace was cut off the program did the same"

local function refuse_several(evidence)
  error(failure.new("trace.unusable", "a trace of several modems cannot be replayed", { evidence = evidence }), 0)
end

-- The device of a trace. A modem may have been found in both places of its socket.
local function only_device(list)
  local first, places = nil, {}
  for _, event in ipairs(list) do
    local dev, problem = event.device, event.failure
    if event.state == "found" and first and not (places[dev.place or ""] or places[dev.peer or ""]) then
      refuse_several("another one was found at " .. tostring(dev.place))
    end
    if dev then first, places[dev.place or ""], places[dev.peer or ""] = first or dev, true, true end
    if event.event == "result" and problem and problem.code == "device.ambiguous" then
      refuse_several(problem.message)
    end
  end
  return first
end

-- A port alone has to be named; a modem on USB is the only one.
local function start_program(self)
  local run, alone = self.command, self.device and not self.device.place
  return failure.try(child.start {
    command = run.command, arguments = run.arguments, options = run.options, root = self.root,
    program = self.program, selection = alone and { tty = self.modem.device.interfaces[1].port.slave } or nil,
  })
end

-- After the end of the process its id may be that of another one.
local function send_signal(self, name)
  if self.job:descriptor() then sys.kill(self.job.pid, name) end
end

local function differs(self, expected, got)
  if self.difference then return end
  self.difference = { expected = expected, got = got }
  send_signal(self, "KILL")
  self.world.loop:stop()
end

-- A trace without a result was cut off: nothing after its end can be compared.
local function reached_end(self)
  local count = #self.events
  if self.events[count].event == "result" then return end
  self.cut = ("the end of the trace, which was cut off after line %d"):format(count)
  self.world.loop:after(0, function() differs(self, self.cut, "more") end)
end

-- After the end of the program, its last bytes may not have been read yet.
local function read_last_bytes(self)
  self.modem.time_scale = 0
  local ends = sys.clock_ms() + GRACE_MS
  local function look()
    if not self.modem:awaited() or sys.clock_ms() >= ends then return self.world.loop:stop() end
    self.world.loop:after(10, look)
  end
  look()
end

local function read_events(self)
  for _, event in ipairs(self.job:read() or {}) do self.reported[#self.reported + 1] = event end
end

local function take_output(self)
  read_events(self)
  if self.job:descriptor() then return end
  self.world.loop:unwatch(self.entry)
  read_last_bytes(self)
end

-- When the program leaves a process behind that has the pipe open, the pipe does not show its end.
local function watch_for_end(self)
  self.world.loop:after(GRACE_MS, function()
    if not self.job:descriptor() then return end
    take_output(self)
    watch_for_end(self)
  end)
end

local function make_world(self, time_scale)
  self.root = failure.try(sys.temporary_folder())
  local loop = event_loop.new()
  local kernel = failure.try(uevent.open(self.root, loop))
  self.world = { loop = loop, events = kernel, usb = usb.new(self.root, kernel), time_scale = time_scale }
end

-- Runs the program to its end, or to the first difference.
local function run_program(self)
  self.modem = modem.new(self.world, self.events, {
    differs = function(expected, got) differs(self, expected, got) end,
    ended = function() reached_end(self) end,
    signal = function(name) send_signal(self, (name:gsub("^SIG", ""))) end,
  })
  if self.device then self.modem:attach(self.device) end
  self.job = start_program(self)
  self.entry = self.world.loop:watch(self.job:descriptor(), function() take_output(self) end)
  watch_for_end(self)
  self.modem:continue()
  failure.try(self.world.loop:run())
  if not self.world.loop.stopped then error(failure.new("job.interrupted", "the replay was stopped"), 0) end
end

-- Lines are compared with the names of files in the trace, and shown with the given names.
local function compare(self)
  local cleaner, names = redact.cleaner(), self.events[1].files
  cleaner:know_root(self.root)
  for index, file in ipairs(self.files) do cleaner:know_file(file, names[index]) end
  if self.difference then
    self.job:wait(END_MS)
    read_events(self)
  end
  local recorded, replayed = outcome.lines(self.events), outcome.lines(self.reported)
  local index = outcome.difference(recorded, outcome.lines(self.reported, cleaner), self.difference ~= nil)
  if index then return recorded[index] or "the end", replayed[index] or "the end" end
  if self.difference then return self.difference.expected, self.difference.got end
  local awaited = self.modem:awaited()
  if awaited then return expect.text(awaited), "the end" end
end

local function run(self, request)
  self.events = failure.try(events.read(request.trace))
  self.device = only_device(self.events)
  self.command = failure.try(command.of(self.events[1], self.files))
  make_world(self, request.time_scale or TIME_SCALE)
  run_program(self)
  local expected, got = compare(self)
  if not expected then return outcome.lines(self.events) end
  error(failure.new("replay.differs", "the program does not do what it did in the trace",
    { evidence = ("expected: %s; got: %s"):format(expected, got), hint = expected == self.cut and CUT or nil }), 0)
end

local function clean_up(self)
  if self.job then
    if not self.job:wait(0) then sys.kill(self.job.pid, "KILL") end
    self.job:wait(END_MS)
    self.job:close()
  end
  if self.modem then self.modem:detach() end
  if self.world then self.world.events:close() end
  if self.root then sys.remove_tree(self.root) end
end

local function run_caught(request)
  local self = { files = request.files or {}, reported = {}, program = request.program }
  local ran, lines = pcall(run, self, request)
  clean_up(self)
  if ran then return { ok = true, exit = results.status(), lines = lines } end
  local problem = failure.is(lines) and lines or failure.new("trace.unusable",
    "this trace cannot be replayed", { evidence = tostring(lines) })
  return { ok = false, exit = results.status(problem), failure = problem, lines = {} }
end

--- Replays a trace.
-- @tparam table request trace (path), files (those of the recorded command, in the same order), time_scale
-- of the modem's delays (0.01), program (the one of this installation)
-- @treturn table { ok, exit, failure, lines }: exit 0 when the outcome is the same, 3 when not;
-- lines = the outcome
function replay.run(request)
  return interrupt.catch_during(run_caught, request)
end

return replay
