-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Whole runs of the program on simulated modems: images for a model, the run with its result, and the
-- commands that the modem got.
--
--     local modem = stage.mc7455("window=1")
--     local run = stage.moonflash(modem, "update", unpack(stage.images "mc7455"))
--     assert.equal(0, run.status, run.stderr)
--     assert.same({ "0048", "offline", "reset", ... }, stage.commands(modem))
-- @module tests.sim.stage

local cjson = require "cjson"
local models = require "moonflash.sim.models"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local stage = {}

local DEADLINE_MS = 60000

--- The versions in the test images of each model, and those that it runs at first.
stage.new, stage.old = {}, {}
for name, row in pairs(models.rows) do
  stage.new[name], stage.old[name] = row.test_images, row.store.running
end

--- The options of tests.images.packages for a model.
-- @tparam string model
-- @tparam[opt] table more options that go before
function stage.image_options(model, more)
  local pair = stage.new[model]
  local options = { family = models.find(model).family, version = pair.firmware, carrier = pair.carrier,
    config = pair.config, size = 60000 }
  for name, value in pairs(more or {}) do options[name] = value end
  return options
end

--- Writes images for a model.
-- @tparam string model
-- @tparam[opt] table more options
-- @tparam[opt] table kinds { "firmware", "settings" } if not given, or { "package" }
-- @treturn table paths
function stage.images(model, more, kinds)
  local folder, options, paths = support.folder(), stage.image_options(model, more), {}
  for index, kind in ipairs(kinds or { "firmware", "settings" }) do
    paths[index] = packages.write(packages[kind](options), folder)
  end
  return paths
end

-- The window of a modem whose time runs 200 times as fast would be 0.15 s: a busy machine misses it. Here it is 3 s.
local WINDOW = "window=600"

local function with_window(faults)
  local all, is_given = {}, false
  for index, fault in ipairs(faults or {}) do
    all[index] = fault
    is_given = is_given or fault:find "window=" ~= nil
  end
  all[#all + 1] = not is_given and WINDOW or nil
  return all
end

--- Starts a simulated modem.
-- @tparam string model
-- @tparam[opt] table options of support.simulator
function stage.modem(model, options)
  local given = { time_scale = 0.005 }
  for name, value in pairs(options or {}) do given[name] = value end
  given.faults = with_window(given.faults)
  return support.simulator(model, given)
end

--- Starts a simulated MC7455.
-- @tparam string ... faults: "start=download"
function stage.mc7455(...)
  return stage.modem("mc7455", { faults = { ... } })
end

local function decode(run)
  run.lines = {}
  for line in run.stdout:gmatch "[^\n]+" do run.lines[#run.lines + 1] = cjson.decode(line) end
  run.result = run.lines[#run.lines]
  assert(run.result and run.result.event == "result", "no result: " .. run.stderr)
  assert(run.result.exit == run.status, "the result has another exit status than the program")
  assert(not (run.stdout .. run.stderr):find("traceback", 1, true), run.stderr)
  return run
end

--- Starts the program on a modem, with --json.
-- @treturn Child see tests.support
function stage.start(modem, ...)
  return support.start { support.program, "--root", modem.root, "--json", ... }
end

--- Runs the program on a modem to its end, with --json.
-- @treturn table status, stdout, stderr, lines (decoded), result (the last of them)
function stage.moonflash(modem, ...)
  local argv = { support.program, "--root", modem.root, "--json", ... }
  return decode(support.run(argv, { deadline_ms = DEADLINE_MS }))
end

--- Recovers a modem that waits in download mode, until it has its images or the run ends. The QMI that comes
-- after them, and its libraries, are not reached.
-- @tparam table argv the program, and what goes before it
-- @tparam[opt] string input for its standard input
-- @tparam string ... files
-- @treturn Child the run, still going on
-- @treturn Child the modem
-- @treturn table the event it stands at
function stage.send_images(argv, input, ...)
  local modem = support.simulator("mc7455",
    { time_scale = 0.01, faults = { "start=download", "window=6000" } })
  argv = { unpack(argv) }
  for _, word in ipairs { "--root", modem.root, "--json", "recover", ... } do argv[#argv + 1] = word end
  local run = support.start(argv)
  run.to_send = input or ""
  local event
  repeat event = cjson.decode(run:line(DEADLINE_MS))
  until event.event == "result" or event.step == "leave download mode" and event.state == "done"
  return run, modem, event
end

--- Waits for the end of a program that was started, and reads what it said.
-- @treturn table as of stage.moonflash
function stage.finish(child)
  local status = child:wait(DEADLINE_MS)
  return decode { status = status, stdout = child.stdout, stderr = child.stderr }
end

--- The simulator's log.
-- @tparam Child modem
-- @tparam[opt] string event only those
-- @treturn table list of tables
function stage.log(modem, event)
  return support.log(modem.folder, event)
end

local function fits(entry, fields)
  for name, value in pairs(fields) do
    if entry[name] ~= value then return false end
  end
  return true
end

--- The last event of a kind.
function stage.last(modem, event)
  local list = stage.log(modem, event)
  return list[#list]
end

local function count_of(modem, event, fields)
  local count = 0
  for _, entry in ipairs(stage.log(modem, event)) do
    if fits(entry, fields) then count = count + 1 end
  end
  return count
end

--- Waits until an event with these fields was logged.
-- @tparam Child modem
-- @tparam string event
-- @tparam table fields
-- @tparam[opt] number times how often, 1
function stage.wait_for(modem, event, fields, times)
  local deadline = support.deadline(DEADLINE_MS)
  while count_of(modem, event, fields) < (times or 1) do
    assert(sys.clock_ms() < deadline, "the simulator did not come to " .. cjson.encode(fields))
    sys.sleep_ms(2)
  end
end

local modes = { ["00"] = "online", ["01"] = "low power", ["03"] = "offline", ["04"] = "reset" }
-- what only asks: QMI messages, AT commands
local questions = { ["0x0023"] = true, ["0x002d"] = true, ["0x0047"] = true, ["0x0049"] = true,
  ["0x004f"] = true, ["0x5556"] = true, ["0x0044"] = true, ["0x002b"] = true }

local words = {}

function words.qmi(entry)
  if entry.service ~= "dms" or questions[entry.message] then return nil end
  local message, argument = entry.message:sub(3), entry.tlvs["01"]
  if message == "002e" then return modes[argument] or argument end
  return message == "0050" and message .. " " .. argument or message
end

function words.at(entry)
  return not entry.command:find("?", 1, true) and entry.command or nil
end

-- the writes of an image are one word
function words.qdl(entry, last)
  return (entry.command ~= "write" or last ~= "write") and entry.command or nil
end

--- What was asked of the modem that changes it, in order: "0048", "offline", "AT!BOOTHOLD", "open".
-- @treturn table list of words
function stage.commands(modem)
  local list = {}
  for _, entry in ipairs(stage.log(modem)) do
    local word = words[entry.event] and words[entry.event](entry, list[#list])
    list[#list + 1] = word
  end
  return list
end

--- What the modem is in the end: the last mode it entered.
function stage.mode(modem)
  return stage.last(modem, "mode")
end

return stage
