--- A modem in software: a fake /sys, /dev and uevent socket below a folder, pseudo terminals for its
-- ports, and behind them a machine that behaves as the documents say a modem does. What it saw is
-- left in DIR/log (JSON lines) and DIR/received/1.cwe, 2.cwe, ...
-- @module moonflash.sim

local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"
local faults = require "moonflash.sim.faults"
local loops = require "moonflash.sim.event_loop"
local models = require "moonflash.sim.models"
local modems = require "moonflash.sim.modem"
local recorders = require "moonflash.sim.recorder"
local uevents = require "moonflash.sim.uevent"
local usb = require "moonflash.sim.usb"

local sim = {}

-- A folder is one simulator's; DIR/simulator.lock names it.
local function take_folder(dir)
  local lock, failed = sys.lock(dir .. "/simulator.lock")
  if lock then return lock end
  if failed.code ~= "sys.locked" then return nil, failed end
  return nil, failure.new("sys.locked", "another simulator uses " .. dir,
    { evidence = failed.evidence, hint = "give another folder with --dir, or stop that simulator" })
end

local function make_world(options)
  local lock, events, failed
  lock, failed = take_folder(options.dir)
  if not lock then return nil, failed end
  local loop = loops.new()
  events, failed = uevents.open(options.dir, loop)
  if not events then
    lock:release()
    return nil, failed
  end
  return {
    loop = loop, events = events, usb = usb.new(options.dir, events), time_scale = options.time_scale or 1,
    lock = lock,
  }
end

local function end_world(world)
  world.events:close()
  world.lock:release()
end

local function port_further(name, count)
  return (name:gsub("%d+$", function(number) return tostring(number + count) end))
end

-- What keeps modems of one model apart when nobody says where they are: each is one port further, and
-- has a serial number of its own.
local function apart(row, index)
  local model, list = models.find(row.model or ""), {}
  for _, switch in ipairs(row.faults or {}) do
    if switch:match "^place=" then return row end
  end
  if not model or index == 1 then return row end
  list[1] = "place=" .. port_further(model.place, index - 1)
  list[2] = "boot-place=" .. port_further(model.boot_place, index - 1)
  list[3] = ("serial=%s%d"):format(model.serial:sub(1, -2), index)
  for _, switch in ipairs(row.faults or {}) do list[#list + 1] = switch end
  return { model = row.model, faults = list }
end

local function make_modem(world, row, folder)
  local model = models.find(row.model or "")
  if not model then
    local known = table.concat(models.names(), ", ")
    return nil, failure.new("usage", ("no such model: %s (there are %s)"):format(tostring(row.model), known))
  end
  local switches, recorder, failed
  switches, failed = faults.parse(row.faults)
  if not switches then return nil, failed end
  recorder, failed = recorders.new(folder)
  if not recorder then return nil, failed end
  return modems.new(world, model, switches, recorder)
end

-- The first modem's records are in the folder itself, those of the nth in DIR/modem-n.
local function make_modems(world, options)
  local made = {}
  for index, row in ipairs(options.modems or { options }) do
    local folder = index == 1 and options.dir or ("%s/modem-%d"):format(options.dir, index)
    local modem, failed = make_modem(world, apart(row, index), folder)
    if not modem then return nil, failed end
    made[index] = modem
  end
  return made
end

local function start(all, options)
  local waiting = #all
  for _, modem in ipairs(all) do
    modem.on_ready = function()
      modem.on_ready = nil
      waiting = waiting - 1
      if waiting == 0 and options.ready then options.ready(options.dir) end
    end
    modem:start()
  end
end

--- What can be simulated.
-- @treturn table models = { name, ... }, faults = { { name as given to --fault, what it means }, ... }
function sim.list()
  return { models = models.names(), faults = faults.list() }
end

--- Runs modems until a signal comes.
-- @tparam table options
--   model = "mc7455"; dir = folder, made if need be; time_scale = 1 (0.01: a hundred times faster);
--   faults = { "window=1", ... } (see moonflash.sim.faults); ready = function(dir), called when the
--   modem is there; modems = { { model=, faults= }, ... } for several of them in one folder, each
--   one port further than the last
-- @treturn boolean true after a signal, or nil and a failure
function sim.run(options)
  sys.catch_signals()
  local world, failed = make_world(options)
  if not world then return nil, failed end
  local all
  all, failed = make_modems(world, options)
  if not all then
    end_world(world)
    return nil, failed
  end
  start(all, options)
  local ended
  ended, failed = world.loop:run()
  for _, modem in ipairs(all) do
    modem:detach()
    modem.recorder:close()
  end
  end_world(world)
  return ended, failed
end

return sim
