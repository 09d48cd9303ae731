--- Runs the command of a trace once more, against a modem that does what the trace's modem did, and
-- says whether it comes to the same. The program runs as a child; its modem is made of the parts of
-- the simulator.
--
--     local result = replay.run { trace = "update.trace", files = { "new.cwe", "new.nvu" } }
--
-- Replayed is one modem. That its ports could not be opened, and what a machine's other programs did,
-- is told by a trace but not replayed. What cannot be used is refused; so is what only turns out to be
-- unusable when the modem is made of it.
-- @module moonflash.sim.replay

local child = require "moonflash.commands.child"
local command = require "moonflash.sim.replay.command"
local exit = require "moonflash.commands.result"
local expect = require "moonflash.sim.replay.expect"
local failure = require "moonflash.base.failure"
local loops = require "moonflash.sim.event_loop"
local modems = require "moonflash.sim.replay.modem"
local outcome = require "moonflash.sim.replay.outcome"
local read = require("moonflash.sim.replay.events").read
local sys = require "moonflash.core.sys"
local uevents = require "moonflash.sim.uevent"
local usb = require "moonflash.sim.usb"
local words = require "moonflash.trace.words"

local replay = {}

local TIME_SCALE = 0.01
local GRACE_MS = 1000 -- for what the program said last
local END_MS = 5000

local function device_of(events)
  for _, event in ipairs(events) do
    if event.device then return event.device end
  end
end

-- Replayed is one modem: a socket has two places, and in both the modem may have been found.
local function check_modems(events)
  local places = {}
  for _, event in ipairs(events) do
    local dev = event.state == "found" and event.device
    if dev and next(places) and not (places[dev.place] or places[dev.peer]) then
      return nil, failure.new("trace.unusable", "a trace of several modems cannot be replayed",
        { evidence = "another one was found at " .. dev.place })
    end
    if event.device then places[event.device.place], places[event.device.peer or ""] = true, true end
  end
  return true
end

-- The events of a trace, and what is run, when it can be replayed with these files.
local function open(request)
  local events, problem = read(request.trace)
  if not events then return nil, problem end
  local one, several = check_modems(events)
  if not one then return nil, several end
  local run
  run, problem = command.of(events[1], request.files or {})
  if not run then return nil, problem end
  return events, run
end

local function start_program(self)
  local run = self.run
  return child.start { command = run.command, arguments = run.arguments, options = run.options,
    root = self.root, program = self.program }
end

local function stop(self)
  self.stopped = true
  self.world.loop:stop()
end

-- Its number is another process's once its end was seen.
local function send_signal(self, name)
  if self.job:descriptor() then sys.kill(self.job.pid, name) end
end

local function differs(self, expected, got)
  if self.difference then return end
  self.difference = { expected = expected, got = got }
  send_signal(self, "KILL")
  stop(self)
end

-- A trace that was cut off has no result: what the program would do next cannot be compared.
local function reached_end(self)
  if self.events[#self.events].event == "result" then return end
  self.world.loop:after(0, function() differs(self, "the end of the trace, which was cut off", "more") end)
end

-- The program has ended: what it said last may still be on its way, and nothing is waited for any more.
local function await_rest(self)
  self.modem.time_scale = 0
  local ends = sys.clock_ms() + GRACE_MS
  local function look()
    if not self.modem:awaited() or sys.clock_ms() >= ends then return stop(self) end
    self.world.loop:after(10, look)
  end
  look()
end

local function hear(self)
  for _, event in ipairs(self.job:read() or {}) do self.said[#self.said + 1] = event end
end

local function listen(self)
  hear(self)
  if self.job:descriptor() then return end
  self.world.loop:unwatch(self.entry)
  await_rest(self)
end

-- The descriptor does not tell the end of the program while something that it left running holds the pipe.
local function watch_over(self)
  self.world.loop:after(GRACE_MS, function()
    if not self.job:descriptor() then return end
    listen(self)
    watch_over(self)
  end)
end

local function make_world(self, time_scale)
  local loop = loops.new()
  local events, problem = uevents.open(self.root, loop)
  if not events then return nil, problem end
  self.world = { loop = loop, events = events, usb = usb.new(self.root, events), time_scale = time_scale }
  return true
end

-- Runs the program to its end, or to the first difference.
local function perform(self)
  self.modem = modems.new(self.world, self.events, {
    differs = function(expected, got) differs(self, expected, got) end,
    ended = function() reached_end(self) end,
    signal = function(name) send_signal(self, (name:gsub("^SIG", ""))) end,
  })
  if self.device then self.modem:attach(self.device) end
  local problem
  self.job, problem = start_program(self)
  if not self.job then return nil, problem end
  self.entry = self.world.loop:watch(self.job:descriptor(), function() listen(self) end)
  watch_over(self)
  self.modem:go_on()
  local ended, broken = self.world.loop:run()
  if self.stopped then return true end
  return nil, not ended and broken or failure.new("job.interrupted", "the replay was stopped")
end

-- Leaves nothing behind, however it ended.
local function clean_up(self)
  if self.job then
    if not self.job:wait(0) then sys.kill(self.job.pid, "KILL") end
    self.job:wait(END_MS)
    self.job:close()
  end
  if self.modem then self.modem:detach() end
  if self.world then self.world.events:close() end
  sys.remove_tree(self.root)
end

-- All that the program had said when it was stopped.
local function hear_rest(self)
  self.job:wait(END_MS)
  hear(self)
end

-- Compared are lines that name files as the trace does; told are those that name them as they were given.
local function compare(self)
  local texts, names = words.new(), self.events[1].files
  texts:know_root(self.root)
  for index, file in ipairs(self.files) do texts:know_file(file, names[index]) end
  if self.difference then hear_rest(self) end
  local recorded, came = outcome.lines(self.events), outcome.lines(self.said)
  local index = outcome.difference(recorded, outcome.lines(self.said, texts), self.difference ~= nil)
  if index then return recorded[index] or "the end", came[index] or "the end" end
  if self.difference then return self.difference.expected, self.difference.got end
  local awaited = self.modem:awaited()
  if awaited then return expect.words(awaited), "the end" end
end

local function run(self, time_scale)
  local made, problem = make_world(self, time_scale)
  if not made then return nil, problem end
  local performed
  performed, problem = perform(self)
  if not performed then return nil, problem end
  local expected, got = compare(self)
  if not expected then return true end
  return nil, failure.new("replay.differs", "the program does not do what it did in the trace",
    { evidence = ("expected: %s; got: %s"):format(expected, got) })
end

local function result(same, problem, events)
  return { ok = same == true, exit = exit.status(nil, problem), failure = problem,
    lines = same and outcome.lines(events) or {} }
end

--- Replays a trace.
-- @tparam table request trace (path), files (as many as the trace was made with, in their order),
-- time_scale of the modem's delays (0.01), program (the one of this installation)
-- @treturn table { ok, exit, failure, lines }: exit 0 when the outcome is the same, 3 when not;
-- lines = the outcome
function replay.run(request)
  sys.catch_signals()
  local events, run_or_problem = open(request)
  if not events then return result(nil, run_or_problem) end
  local root, problem = sys.temporary_folder()
  if not root then return result(nil, problem) end
  local self = { events = events, device = device_of(events), files = request.files or {}, root = root,
    said = {}, program = request.program, run = run_or_problem }
  local ran, same, differing = pcall(run, self, request.time_scale or TIME_SCALE)
  clean_up(self)
  if not ran then
    return result(nil, failure.is(same) and same or failure.new("trace.unusable",
      "no modem can be made of this trace", { evidence = tostring(same) }))
  end
  return result(same, differing, events)
end

return replay
