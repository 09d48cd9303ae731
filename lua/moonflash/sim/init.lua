--- A simulated modem: /sys, /dev and a uevent socket below a folder, pseudo terminals as its ports, and behind them a
-- state machine that behaves as the documents describe a modem. It writes DIR/log (JSON lines) and the received images
-- DIR/received/1.cwe, 2.cwe, ...

local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"
local event_loop = require "moonflash.sim.event_loop"
local faults = require "moonflash.sim.faults"
local models = require "moonflash.sim.models"
local modem = require "moonflash.sim.modem"
local recorder = require "moonflash.sim.recorder"
local uevent = require "moonflash.sim.uevent"
local usb = require "moonflash.sim.usb"
local usb_path = require "moonflash.sim.usb_path"

local sim = {}

-- A folder belongs to one simulator; DIR/simulator.lock names it.
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
  local loop = event_loop.new()
  events, failed = uevent.open(options.dir, loop)
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

-- Each modem gets a port and a serial number of its own, unless the faults name a place.
local function with_own_place(row, index)
  local model, list = models.find(row.model or ""), {}
  for _, switch in ipairs(row.faults or {}) do
    if switch:match "^place=" then return row end
  end
  if not model or index == 1 then return row end
  list[1] = "place=" .. usb_path.next(model.place, index - 1)
  list[2] = "boot-place=" .. usb_path.next(model.boot_place, index - 1)
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
  local switches, log, failed
  switches, failed = faults.parse(row.faults)
  if not switches then return nil, failed end
  log, failed = recorder.new(folder)
  if not log then return nil, failed end
  return modem.new(world, model, switches, log)
end

-- The log of the first modem is in the folder itself, that of the nth in DIR/modem-n.
local function make_modems(world, options)
  local made = {}
  for index, row in ipairs(options.modems or { options }) do
    local folder = index == 1 and options.dir or ("%s/modem-%d"):format(options.dir, index)
    local one, failed = make_modem(world, with_own_place(row, index), folder)
    if not one then return nil, failed end
    made[index] = one
  end
  return made
end

local function start(all, options)
  local waiting = #all
  for _, one in ipairs(all) do
    one.on_ready = function()
      one.on_ready = nil
      waiting = waiting - 1
      if waiting == 0 and options.ready then options.ready(options.dir) end
    end
    one:start()
  end
end

--- The known models and faults.
-- @treturn table models = { name, ... }, faults = { { name as given to --fault, what it means }, ... }
function sim.list()
  return { models = models.names(), faults = faults.list() }
end

--- Runs modems until a signal.
-- @tparam table options
--   model = "mc7455"; dir = folder, created when missing; time_scale = 1 (0.01: a hundred times faster);
--   faults = { "window=1", ... } (see moonflash.sim.faults); ready = function(dir), called when the
--   modem is ready; modems = { { model=, faults= }, ... } for several in one folder, each on the next port
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
  for _, one in ipairs(all) do
    one:detach()
    one.recorder:close()
  end
  end_world(world)
  return ended, failed
end

return sim
