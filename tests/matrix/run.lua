-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- One cell: a simulated modem with a fault, an update, and a second run by a user who finds the modem
-- as the first one left it.
-- @module tests.matrix.run

local cjson = require "cjson"
local faults = require "tests.matrix.faults"
local pool = require "tests.matrix.pool"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local run = {}

--- The longest a run may take: real, the sum of all its deadlines is twenty minutes.
run.LIMIT_MS = 20 * 60000 * faults.timeout_scale

local CHUNK = 4096
local SECOND_SCALE = 0.1
local WINDOWS = 3 -- a modem that begins in download mode waits for the start of the program, too

local function transport_of(cell)
  return cell.usb and "usb" or nil
end

-- The faults of a modem that is a USB device of this machine: it is in download mode, and prefers the new pair. Each
-- worker has a socket: a modem that restarts is not there for a moment, and another must not take its place.
local function in_socket(cell)
  local number, new = pool.number, cell.new
  return { "start=download", ("preferred=%s/%s/%s"):format(new.firmware, new.carrier, new.config), "serial=" .. number,
    "place=2-" .. number, "boot-place=1-" .. number, faults.window(cell.model, WINDOWS) }
end

--- A simulated modem with the faults of a cell.
function run.modem(cell)
  local list = cell.usb and in_socket(cell) or { faults.window(cell.model) }
  for _, fault in ipairs(cell.faults or {}) do list[#list + 1] = fault end
  local modem = stage.modem(cell.model, { time_scale = faults.time_scale, faults = list, usb = cell.usb })
  modem.is_in_socket = cell.usb
  return modem
end

-- Where the modem is, for a program that has a choice.
local function place_of(modem)
  return modem.is_in_socket and stage.last(modem, "usb").place or nil
end

local function add_option(argv, name, value)
  if not value then return end
  argv[#argv + 1] = name
  argv[#argv + 1] = value
end

--- Starts the program on a modem.
-- @tparam table options modem, command, files, timeout_scale, route, usb
-- @treturn Child see tests.support
function run.program(options)
  local argv = { support.program, "--root", options.modem.root, "--json",
    "--timeout-scale", tostring(options.timeout_scale or SECOND_SCALE), "--chunk-size", tostring(CHUNK) }
  add_option(argv, "--route", options.route)
  add_option(argv, "--transport", transport_of(options))
  add_option(argv, "--place", place_of(options.modem))
  argv[#argv + 1] = options.command
  for _, file in ipairs(options.files or {}) do argv[#argv + 1] = file end
  return support.start(argv)
end

local function without_nulls(value)
  if type(value) ~= "table" then return value end
  for name, part in pairs(value) do
    if part == cjson.null then value[name] = nil else without_nulls(part) end
  end
  return value
end

--- A line of the program's.
function run.decode(line)
  return without_nulls(cjson.decode(line))
end

local function decode_all(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = run.decode(line) end
  return lines
end

--- Waits for the end of a run.
-- @treturn table status, late (words, when it did not end), stderr, events, result (the last of them),
-- log (the modem's)
function run.read(child, modem)
  local ended, status = pcall(child.wait, child, run.LIMIT_MS)
  local seen = { status = ended and status or nil, late = not ended and status or nil, stderr = child.stderr,
    log = run.log(modem) }
  seen.events = ended and decode_all(child.stdout) or {}
  seen.result = seen.events[#seen.events]
  return seen
end

--- What the modem has seen so far.
function run.log(modem)
  return stage.log(modem)
end

-- The first run, by the library, so that its clock and what it leaves open are seen.
local function first(cell, modem)
  local request = {
    root = modem.root, files = cell.files, selection = { place = place_of(modem) },
    options = { route = cell.route, transport = transport_of(cell), chunk_size = CHUNK,
      timeout_scale = (cell.timeout_scale or faults.timeout_scale) * support.slowness },
  }
  local argv = support.lua('require("tests.matrix.update")((...))', cjson.encode(request))
  return run.read(support.start(argv), modem)
end

local pulled = { unplug = true, move = true }

-- Whether it is about to vanish: it restarts, or was pulled out.
local function leaves(entry)
  return entry.command == "reset" or entry.command == "power" and not entry.fails or entry.event == "restart"
    or pulled[entry.fault]
end

-- Whether a log ends with the modem there, its ports free.
local function is_settled(log)
  local there, held
  for _, entry in ipairs(log) do
    local left = entry.action == "remove"
    if leaves(entry) then there = false end
    if entry.event == "usb" then there, held = not left, held and not left end
    if entry.event == "held" then held = entry.held end
  end
  return there and not held
end

--- Waits until the modem is there and no other program has its port: before, a run is of no use.
function run.settle(modem)
  local deadline = support.deadline(run.LIMIT_MS)
  repeat
    if is_settled(run.log(modem)) then return end
    assert(sys.sleep_ms(5))
  until sys.clock_ms() > deadline
  error "the modem did not settle"
end

local function program_again(cell, modem)
  local child = run.program { modem = modem, command = cell.again or "update", files = cell.files,
    usb = cell.usb }
  return run.read(child, modem)
end

--- The second run: its user knows nothing of the first one, and gives the same files. If the modem is absent at
-- that moment, because the loader's time was over, the user tries once more.
-- @tparam table cell files; again: the command, update if not given
function run.again(cell, modem)
  local seen = program_again(cell, modem)
  local problem = seen.result and seen.result.failure
  if not problem or problem.code ~= "device.none" then return seen end
  run.settle(modem)
  return program_again(cell, modem)
end

--- Only the update.
-- @tparam table cell model, route, files, faults; timeout_scale
-- @treturn table as of run.read
function run.update(cell)
  local seen = first(cell, run.modem(cell))
  support.finish()
  return seen
end

--- Both runs of a cell. An update over USB that succeeded is not repeated: a run takes seconds there.
-- @treturn table what the first saw, and the second
function run.both(cell)
  local modem = run.modem(cell)
  local one = first(cell, modem)
  if cell.usb and one.result and one.result.ok then
    support.finish()
    return one, one
  end
  run.settle(modem)
  local two = run.again(cell, modem)
  support.finish()
  return one, two
end

return run
