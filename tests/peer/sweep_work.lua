-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What the workers of the sweep do: an update of an independent modem at which something goes wrong, and a second run
-- by a user who knows nothing of it and gives the same files.
-- @module tests.peer.sweep_work

local cjson = require "cjson"
local rules = require "tests.peer.rules"
local signals = require "tests.matrix.signals"
local stage = require "tests.peer.stage"
local story = require "tests.matrix.story"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local work = {}

local CALM_SCALE, SECOND_SCALE = 0.5, 0.1
local CHUNK = 4096
local NO_MODEM = 5 -- an exit status
local POLL_MS = 2
local STRIKE_MS = 20000
local WINDOW = 4 -- seconds of the loader

-- --- runs -------------------------------------------------------------------------------------------------

local function modem_of(way, faults)
  return stage.start { { model = way.model, composition = way.composition, faults = faults,
    loader = { window = WINDOW * support.slowness } } }
end

-- The first update, by the library, so that what it leaves open is seen.
local function update(peer, way, scale)
  local options = { route = way.route, chunk_size = CHUNK, timeout_scale = scale * support.slowness }
  local request = cjson.encode { root = peer.root, files = way.files, options = options }
  local run = stage.finish_program(support.start(support.lua('require("tests.matrix.update")((...))', request)))
  run.status = run.result.exit
  return run
end

local function start_update(peer, way)
  return stage.start_program(peer, "--timeout-scale", tostring(way.timeout_scale), "--chunk-size", tostring(CHUNK),
    "--route", way.route, "update", unpack(way.files))
end

local function again(peer, job)
  return stage.moonflash(peer, "--timeout-scale", tostring(SECOND_SCALE), "--chunk-size", tostring(CHUNK), job.again,
    unpack(job.way.files))
end

-- Whether a modem got bytes of an image.
local function has_taken(peer)
  for _, entry in ipairs(stage.log(peer, "message")) do
    if entry.name == "qdl.write" then return true end
  end
  return false
end

-- The modem after a run, for the rules.
local function look(peer, began, run)
  stage.wait_for(peer, "modem")
  return { run = run, began = began, state = stage.state(peer, "modem"), mistakes = stage.mistakes(peer),
    neighbour = {}, has_taken = has_taken(peer) }
end

-- --- verdicts ---------------------------------------------------------------------------------------------

local function has_come(peer, message)
  for _, entry in ipairs(stage.log(peer, "message")) do
    if entry.name == message.name and entry.number == message.number then return true end
  end
  return false
end

local function left_open(result)
  local left = (result.descriptors or "") .. (result.children or "")
  return left ~= "" and "left open: " .. left or nil
end

-- The log in the form of tests.matrix.story.
local function log_of(peer)
  local log = stage.log(peer)
  for _, entry in ipairs(log) do entry.t = entry.t * 1000 end
  return log
end

local function told(peer, first, second)
  return story({ events = first.lines, stderr = first.stderr, log = log_of(peer) },
    second and { events = second.lines, stderr = second.stderr, log = log_of(peer) })
end

-- What is told of a job: `wrong` are words when it is red.
local function outcome(peer, began_ms, first, second, wrong)
  local made = { wrong = wrong, first = { exit = first.status }, second = second and { exit = second.status },
    story = wrong and told(peer, first, second), ms = sys.clock_ms() - began_ms }
  support.finish()
  return made
end

-- A user who finds no modem, because it restarts at this moment, tries once more.
local function again_until_found(peer, job)
  local run = again(peer, job)
  if run.status ~= NO_MODEM then return run end
  stage.wait_for(peer, "modem")
  return again(peer, job)
end

-- The second run must succeed, whatever the first one did.
local function second_run(peer, job, began, wrong)
  local second = not wrong and again_until_found(peer, job)
  local broken = second and rules.broken({ model = job.way.model }, look(peer, began, second))
  return second or nil, wrong or broken and "second run: " .. broken
end

-- --- tasks ------------------------------------------------------------------------------------------------

--- The messages and steps of a good run. It has time, so that none is sent twice.
-- @treturn table messages = list of { name, number }, steps = names
function work.good(job)
  local peer = modem_of(job.way)
  local run = update(peer, job.way, CALM_SCALE)
  assert(run.result.ok, "no good run: " .. run.stdout)
  local good = { messages = {}, steps = {} }
  for _, entry in ipairs(stage.log(peer, "message")) do
    good.messages[#good.messages + 1] = { name = entry.name, number = entry.number }
  end
  for _, line in ipairs(run.lines) do
    if line.state == "started" then good.steps[#good.steps + 1] = line.step end
  end
  support.finish()
  return good
end

--- An update with a fault.
-- @treturn table wrong (words) and story when it is red; first and second = { exit }; ms
function work.fault(job)
  local began_ms, peer = sys.clock_ms(), modem_of(job.way, job.faults)
  local began = stage.state(peer, "modem")
  local first = update(peer, job.way, job.way.timeout_scale)
  local seen = look(peer, began, first)
  local wrong = not has_come(peer, job.message) and "the message with the fault did not come"
    or rules.broken({ model = job.way.model, may_fail = not job.mild }, seen) or left_open(first.result)
  local second
  second, wrong = second_run(peer, job, began, wrong)
  return outcome(peer, began_ms, first, second, wrong)
end

local function until_step(child, number)
  local consumed, seen = {}, 0
  while seen < number do
    local line = child:line(STRIKE_MS)
    consumed[#consumed + 1] = line .. "\n"
    if cjson.decode(line).state == "started" then seen = seen + 1 end
  end
  child.stdout = table.concat(consumed) .. child.stdout
end

local function until_message(peer, message)
  local deadline = support.deadline(STRIKE_MS)
  while not has_come(peer, message) do
    assert(sys.clock_ms() < deadline, "the message did not come")
    assert(sys.sleep_ms(POLL_MS))
  end
end

local DONE, INTERRUPTED, KILLED = 0, 9, 128 + 9

-- The exit statuses each signal may lead to.
local after_signal = {
  KILL = { [KILLED] = true, [DONE] = true }, HUP = { [DONE] = true },
  TERM = { [INTERRUPTED] = true, [DONE] = true }, INT = { [INTERRUPTED] = true, [DONE] = true },
}

-- A killed program tells nothing: the second run must get over all that it left.
local function wrong_after_signal(job, seen)
  local status = seen.run.status
  if not after_signal[job.signals[1]][status] then return "exit status " .. status .. ": " .. seen.run.stdout end
  if status == KILLED then return seen.mistakes[1] end
  return rules.broken({ model = job.way.model, may_fail = true }, seen)
end

--- An update that gets signals.
-- @treturn table as of work.fault
function work.kill(job)
  local began_ms, peer = sys.clock_ms(), modem_of(job.way, job.faults)
  local began = stage.state(peer, "modem")
  local child = start_update(peer, job.way)
  if job.step then until_step(child, job.step) else until_message(peer, job.message) end
  signals.send(child, job.signals)
  local first = stage.finish_program(child)
  local wrong = wrong_after_signal(job, look(peer, began, first))
  local second
  second, wrong = second_run(peer, job, began, wrong)
  return outcome(peer, began_ms, first, second, wrong)
end

return work
