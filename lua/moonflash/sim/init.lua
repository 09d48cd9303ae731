-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A simulated modem: a state machine that behaves as the documents describe a modem. It has two ways out: /sys, /dev
-- and a uevent socket below a folder, with pseudo terminals as its ports; and the USB of this machine, where the
-- kernel's own drivers have it. It writes DIR/log (JSON lines) and the received images DIR/received/1.cwe, 2.cwe, ...

local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local event_loop = require "moonflash.sim.event_loop"
local faults = require "moonflash.sim.faults"
local models = require "moonflash.sim.models"
local modem = require "moonflash.sim.modem"
local recorder = require "moonflash.sim.recorder"
local server = require "moonflash.sim.usbip.server"
local uevent = require "moonflash.sim.uevent"
local usb = require "moonflash.sim.usb"
local vhci = require "moonflash.sim.usbip.vhci"

local sim = {}

-- A folder belongs to one simulator; DIR/simulator.lock names it.
local function take_folder(dir)
  local lock, failed = sys.lock(dir .. "/simulator.lock")
  if lock or failed.code ~= "sys.locked" then return lock, failed end
  return nil, failure.new("sys.locked", "another simulator uses " .. dir,
    { evidence = failed.evidence, hint = "give another folder with --dir, or stop that simulator" })
end

-- The faults of the nth modem. It has a serial number of its own, unless its faults name a place.
local function faults_of(model, given, index)
  if index == 1 or (" " .. table.concat(given, " ")):find(" place=", 1, true) then return given end
  return { ("serial=%s%d"):format(model.serial:sub(1, -2), index), tables.unpack(given) }
end

-- The log of the first modem is in the folder itself, that of the nth in DIR/modem-n.
local function make_modem(world, row, index)
  local model = models.find(row.model or "")
  if not model then
    local known = table.concat(models.names(), ", ")
    error(failure.new("usage", ("no such model: %s (there are %s)"):format(tostring(row.model), known)), 0)
  end
  local switches = failure.try(faults.parse(faults_of(model, row.faults or {}, index)))
  local folder = index == 1 and world.dir or ("%s/modem-%d"):format(world.dir, index)
  return modem.new(world, model, switches, failure.try(recorder.new(folder)), index)
end

-- Below which folder programs of this machine find the modems; with a server also its TCP port.
local function root_of(world, options)
  if options.usb_port then return "/", world.usb.port end
  return options.usb and "/" or options.dir
end

local function start(world, options)
  local modems = world.modems
  local waiting = #modems
  for _, one in ipairs(modems) do
    one.on_ready = function()
      one.on_ready = nil
      waiting = waiting - 1
      if waiting == 0 and options.ready then options.ready(root_of(world, options)) end
    end
    one:start()
  end
end

-- The buses of this machine's kernel, or below the folder.
local function make_usb(world, options)
  if options.usb then
    world.usb = vhci.new(world.loop)
  elseif options.usb_port then
    world.usb = server.new(world.loop, options.usb_port)
  else
    world.events = failure.try(uevent.open(world.dir, world.loop))
    world.usb = usb.new(world.dir, world.events)
  end
end

-- Raises a failure when something cannot be made.
local function run(world, options)
  world.loop = event_loop.new()
  make_usb(world, options)
  for index, row in ipairs(options.modems or { options }) do
    world.modems[index] = make_modem(world, row, index)
  end
  start(world, options)
  return failure.try(world.loop:run())
end

local function end_world(world)
  for _, one in ipairs(world.modems) do
    one:detach()
    one.recorder:close()
  end
  if world.events then world.events:close() end
  if world.usb and world.usb.close then world.usb:close() end
  world.lock:release()
end

--- The known models = { name, ... }, faults = { { name as given to --fault, what it means }, ... } and messages = {
-- name, ... } of loaders, for faults of messages.
function sim.list()
  return { models = models.names(), faults = faults.list(), messages = faults.messages }
end

--- Runs modems until a signal.
-- @tparam table options
--   model = "mc7455"; dir = folder, created when missing; time_scale = 1 (0.01: a hundred times faster);
--   usb = true: the USB of this machine; usb_port = a TCP port for `usbip attach` of any machine, 0 for any free one;
--   faults = { "window=1", ... } (see moonflash.sim.faults); ready = function(root, port), called when the modem is
--   ready; modems = { { model=, faults= }, ... } for several in one folder, each on the next port
-- @treturn boolean true after a signal, or nil and a failure
function sim.run(options)
  sys.catch_signals()
  local lock, failed = take_folder(options.dir)
  if not lock then return nil, failed end
  local world = { dir = options.dir, lock = lock, time_scale = options.time_scale or 1, modems = {} }
  local ran, problem = pcall(run, world, options)
  end_world(world)
  if ran then return true end
  if not failure.is(problem) then error(problem, 0) end
  return nil, problem
end

return sim
