--- Those who use the modem besides us, and are asked to pause: ModemManager (this one device over
-- D-Bus, else its service) and OpenWrt's network interfaces. All is given back when the job ends, or
-- by the next run after a crash.
-- @module moonflash.host.services

local inhibition = require "moonflash.host.modemmanager"
local journal = require "moonflash.host.paused"
local lock = require "moonflash.host.lock"
local netifd = require "moonflash.host.netifd"
local services = require "moonflash.host.init_system"
local shared = require "moonflash.host.paused_lock"
local system = require "moonflash.host.system"

local guests = {}

local kinds = { interface = netifd.kinds.interface }
for name, kind in pairs(services.kinds) do kinds[name] = kind end

local MODEM_MANAGER = { procd = "modemmanager", systemd = "ModemManager.service" }

local function words(entry)
  return kinds[entry.kind].words:format(entry.name)
end

local function is_needed(root, noted, entry)
  return kinds[entry.kind].service and shared.is_needed(root, noted.socket, entry.name, kinds)
end

-- A journal keeps what could not be given back, for the next run to try. What another run needs paused is
-- left to that.
local function give_back(root, noted, entry)
  return shared.alone(root, function()
    if is_needed(root, noted, entry) then return noted:drop(entry) end
    local resumed, problem = kinds[entry.kind].resume(root, entry.name)
    if not resumed then return nil, problem end
    return noted:drop(entry)
  end)
end

-- What is given back finds the ports free.
local function defer(job, name, finalizer)
  job:give_back(name, function()
    job:close_download()
    job:close_qmi { release = true }
    return finalizer()
  end)
end

local function pause(job, noted, entry)
  local written, problem = noted:add(entry)
  if not written then return nil, problem end
  defer(job, "give back " .. words(entry), function() return give_back(job.root, noted, entry) end)
  job:note("paused: " .. words(entry))
  return kinds[entry.kind].pause(job.root, entry.name)
end

local function find_service(job)
  return services.find(job.root, MODEM_MANAGER)
end

-- Should another run stop the service meanwhile, this one still counts on it.
local function note_kept(job, noted)
  local service = find_service(job)
  local entry = service and { kind = "kept-" .. service.kind, name = service.name }
  return entry and noted:add(entry) and entry
end

local function inhibit(job, noted)
  local release, problem = inhibition.take(job.root, job.device)
  if not release then return nil, problem end
  local entry = note_kept(job, noted)
  defer(job, "give the modem back to ModemManager", function()
    local released, kept = release()
    if entry then give_back(job.root, noted, entry) end
    return released, kept
  end)
  job:note "ModemManager leaves the modem alone"
  return true
end

local function stop_service(job, noted)
  local entry = find_service(job)
  if not entry then return nil end
  return pause(job, noted, entry)
end

-- Whether it is off only because another run needs it so.
local function is_off_for_another(job, noted)
  local entry = find_service(job)
  return entry and is_needed(job.root, noted, entry)
end

-- The ways, best first: the inhibition of one device when it holds to the end, else the service.
local function ways(dev)
  if inhibition.lasts(dev) then return { inhibit, stop_service } end
  return { stop_service, inhibit }
end

local function pause_modem_manager(job, noted)
  if not system.runs(job.root, "ModemManager") then
    return is_off_for_another(job, noted) and stop_service(job, noted) or false
  end
  local words_of_all = {}
  for _, way in ipairs(ways(job.device)) do
    local done, problem = way(job, noted)
    if done then return true end
    words_of_all[#words_of_all + 1] = problem and tostring(problem)
  end
  job:warn("device.busy", "ModemManager runs and could not be paused: "
    .. (words_of_all[1] and table.concat(words_of_all, "; ") or "neither a bus nor its service was found"))
  return false
end

--- Pauses what uses the job's modem; the job's finalizers give it back.
-- @tparam table job holds the modem's lock
-- @treturn boolean whether anything was paused, or nil and a failure
function guests.pause(job)
  if job.options.keep_services then return false end
  local noted, paused = journal.new(job.root, lock.socket(job.device)), false
  for _, entry in ipairs(netifd.find(job.root, job.device)) do
    local done, problem = pause(job, noted, entry)
    if not done then return nil, problem end
    paused = true
  end
  return shared.alone(job.root, function() return pause_modem_manager(job, noted) end) or paused
end

--- Who would be paused, in words, for plans.
-- @tparam string root
-- @tparam table dev
-- @treturn table array of strings
function guests.list(root, dev)
  local found = {}
  for _, entry in ipairs(netifd.find(root, dev)) do found[#found + 1] = words(entry) end
  if system.runs(root, "ModemManager") then found[#found + 1] = "ModemManager" end
  return found
end

local function give_back_all(job, noted)
  for index = #noted.entries, 1, -1 do
    local entry = noted.entries[index]
    local done, problem = give_back(job.root, noted, entry)
    if done then
      job:note("given back, left paused by an earlier run: " .. words(entry))
    else
      job:warn(problem.code, ("%s stays paused: %s"):format(words(entry), tostring(problem)))
    end
  end
end

--- Gives back what runs that did not end well left paused. Those that are still at work are known by
-- their locks.
-- @tparam table job for its root and its words
function guests.give_back_left(job)
  for _, socket in ipairs(journal.sockets(job.root)) do
    local held = lock.take_socket(job.root, socket, lock.ASKS)
    if held then
      give_back_all(job, journal.read(job.root, socket, kinds))
      held:release()
    end
  end
end

return guests
