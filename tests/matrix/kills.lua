-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The kill sweep: signals at every step, at every message of the session, and at any instant.
-- @module tests.matrix.kills

local neighbours = require "tests.matrix.neighbours"
local run = require "tests.matrix.run"
local signals = require "tests.matrix.signals"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local kills = {}

local TIMEOUT_SCALE = 0.05
-- Seconds of the modem's: the answer that is waited for when the signal comes. A message of Sahara is not waited for as
-- long as others.
local LATE, SAHARA_LATE = 150, 75
local MOST_MS = 400 -- a good run takes some 200

local function name_of(names)
  return "SIG" .. table.concat(names, "+SIG")
end

local function cell(way, when, names, more)
  local made = { task = "kill", model = way.model, route = way.route,
    name = ("%s %s %s, %s"):format(way.model, way.route, when, name_of(names)),
    files = way.files, new = way.new, old = way.old, signals = names,
    again = #when % 2 == 0 and "update" or "recover", usb = way.usb }
  for field, value in pairs(more) do made[field] = value end
  return made
end

local function each_signal(list, way, when, more)
  for _, names in ipairs(signals.kinds) do list[#list + 1] = cell(way, when, names, more) end
end

--- A signal when each step has begun.
-- @tparam table way
-- @tparam table steps their names, from a good run
function kills.at_steps(way, steps)
  local list = {}
  for number, step in ipairs(steps) do each_signal(list, way, "at " .. step, { step = number }) end
  return list
end

--- A signal while the answer to each message is waited for; every chunk is a message.
-- @tparam table way
-- @tparam table messages list of { name, number } from tests.matrix.cells
function kills.at_messages(way, messages)
  local list = {}
  for _, message in ipairs(messages) do
    if message.name ~= "qdl.reset" and message.name ~= "firehose.power" then
      local text = message.name .. "#" .. message.number
      local late = text:find "^sahara" and SAHARA_LATE or LATE
      each_signal(list, way, "at " .. text, { faults = { ("late=%s:%d"):format(text, late) } })
    end
  end
  return list
end

-- Park and Miller's generator: no product reaches 2^53.
local function random(seed)
  return function(most)
    seed = seed * 16807 % 2147483647
    return seed % most
  end
end

--- Signals at any instant.
-- @tparam table ways taken in turn
-- @tparam number count
-- @tparam number seed
function kills.at_random(ways, count, seed)
  local list, draw = {}, random(seed)
  for number = 1, count do
    local way = ways[number % #ways + 1]
    local ms, names = draw(MOST_MS) * support.slowness, signals.kinds[draw(#signals.kinds) + 1]
    list[#list + 1] = cell(way, ("after %d ms"):format(ms), names, { ms = ms })
  end
  return list
end

--- The steps of a good run.
-- @treturn table their names in the order in which they begin
function kills.steps(way)
  local seen = run.update { model = way.model, route = way.route, files = way.files }
  local names = {}
  for _, event in ipairs(seen.events) do
    if event.state == "started" then names[#names + 1] = event.step end
  end
  return names
end

-- --- one kill ------------------------------------------------------------------------------------

local function until_step(child, number)
  local consumed, seen = {}, 0
  while seen < number do
    local read, line = pcall(child.line, child)
    if not read then break end
    consumed[#consumed + 1] = line .. "\n"
    if run.decode(line).state == "started" then seen = seen + 1 end
  end
  child.stdout = table.concat(consumed) .. child.stdout
end

local function has_struck(modem)
  for _, entry in ipairs(run.log(modem)) do
    if entry.event == "fault" then return true end
  end
end

local function until_struck(modem)
  local deadline = support.deadline(run.LIMIT_MS)
  while not has_struck(modem) and sys.clock_ms() < deadline do assert(sys.sleep_ms(2)) end
end

local function wait_for_moment(job, child, modem)
  if job.step then return until_step(child, job.step) end
  if job.ms then return assert(sys.sleep_ms(job.ms)) end
  until_struck(modem)
end

local function has_begun_image(log)
  for _, entry in ipairs(log) do
    if entry.command == "open" or entry.command == "program" then return true end
  end
  return false
end

-- What is run next: where no image was begun, recover without files must do as well.
local function next_command(job, begun)
  local needs_files = begun or job.again ~= "recover"
  return { again = job.again, files = needs_files and job.files or nil, usb = job.usb }
end

--- An update that gets signals, and what is run next.
-- @tparam table job
-- @treturn table what the first run saw, and the second; the first with begun = whether an image was begun
function kills.run(job)
  local modem = run.modem(job)
  -- below / there is what the machine has
  local others = not job.usb and neighbours.new(modem.root)
  local child = run.program { modem = modem, command = "update", files = job.files, route = job.route,
    usb = job.usb, timeout_scale = TIMEOUT_SCALE }
  wait_for_moment(job, child, modem)
  signals.send(child, job.signals)
  local one = run.read(child, modem)
  one.neighbours = others and others:look()
  run.settle(modem)
  one.begun = has_begun_image(run.log(modem))
  local two = run.again(next_command(job, one.begun), modem)
  two.neighbours = others and others:look()
  support.finish()
  return one, two
end

return kills
