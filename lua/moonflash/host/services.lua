-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Pauses programs that use the modem: ModemManager (InhibitDevice, or its service) and OpenWrt interfaces. They
-- are resumed when the job ends; after a crash, by the next run.
--
-- Jobs on several modems may run at once. A service stays stopped until the last of them ends: that job resumes the
-- entries that the others left in their files, too.
--
-- Only root stops and resumes services. The job of another user can at most inhibit ModemManager, and does not begin
-- when it must not.

local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local lock = require "moonflash.host.lock"
local modemmanager = require "moonflash.host.modemmanager"
local netifd = require "moonflash.host.netifd"
local paused = require "moonflash.host.paused"
local port_users = require "moonflash.host.port_users"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local services = {}

local LOOK_MS = 500 -- a new ModemManager opens the ports 1.5 s after its start
local QUIET_MS = 2000

-- The command that stops or starts an entry of the paused services file, by its kind.
local commands = {
  interface = function(name, stop) return { stop and "ifdown" or "ifup", name } end,
  procd = function(name, stop) return { "/etc/init.d/" .. name, stop and "stop" or "start" } end,
  systemd = function(name, stop) return { "systemctl", stop and "stop" or "start", name } end,
}

local function words(entry)
  return (entry.kind == "interface" and "the network interface " or "the service ") .. entry.name
end

local function run(root, entry, stop)
  local argv = commands[entry.kind](entry.name, stop)
  argv[1] = system.program(root, argv[1]) or argv[1]
  return process.run(argv, limits.command * 1000)
end

-- --- resume -----------------------------------------------------------------------------------------------

-- Whether another job than that of this file needs services stopped.
local function another_needs_it(root, socket)
  for _, other in ipairs(paused.sockets(root)) do
    if other ~= socket and lock.job_of(root, other) then return true end
  end
  return false
end

-- Whether an entry was resumed; else it stays in the file.
local function resume_entry(job, socket, entry)
  if entry.kind ~= "interface" and another_needs_it(job.root, socket) then return false end
  local resumed, problem = run(job.root, entry, false)
  if resumed then
    job:note("resumed: " .. words(entry))
  else
    job:warn(problem.code, ("%s stays paused: %s"):format(words(entry), tostring(problem)))
  end
  return resumed
end

-- Resumes the entries of a file, last first.
local function resume_all(job, socket)
  local entries, left = paused.read(job.root, socket), {}
  for index = #entries, 1, -1 do
    local entry = entries[index]
    if commands[entry.kind] and not resume_entry(job, socket, entry) then table.insert(left, 1, entry) end
  end
  if left[1] then return paused.write(job.root, socket, left) end
  return paused.remove(job.root, socket)
end

--- Resumes the entries in files of jobs that have ended. A job that runs holds the lock of its socket.
function services.restore_leftovers(job)
  if not paused.prepare(job.root) then return end
  for _, socket in ipairs(paused.sockets(job.root)) do
    local held = lock.take_socket(job.root, socket, lock.ASKS)
    if held then
      paused.alone(job.root, function() return resume_all(job, socket) end)
      held:release()
    end
  end
end

-- --- pause ------------------------------------------------------------------------------------------------

-- Resumed programs find the ports free.
local function at_end(job, name, finalizer)
  job:restore(name, function()
    job:close_download()
    job:close_qmi { release = true }
    return finalizer()
  end)
end

-- From here on the job needs services paused. Entries that could not be resumed stay in the file.
local function begin(job, socket)
  if job.pausing.begun then return true end
  local written, problem = paused.write(job.root, socket, paused.read(job.root, socket))
  if not written then return nil, problem end
  at_end(job, "resume services", function()
    local done, failed = paused.alone(job.root, function() return resume_all(job, socket) end)
    services.restore_leftovers(job)
    return done, failed
  end)
  job.pausing.begun = true
  return true
end

local function pause_entry(job, socket, entry)
  local done, problem = paused.add(job.root, socket, entry)
  if done then done, problem = run(job.root, entry, true) end
  if done then job:note("paused: " .. words(entry)) end
  return done, problem
end

local function inhibit(job)
  local connection, problem = modemmanager.inhibit(job.root, job.device)
  if not connection then return nil, problem end
  at_end(job, "end the inhibition by ModemManager", function() return connection:close() end)
  job:note "ModemManager is inhibited for this modem"
  return true
end

-- ModemManager refuses the inhibition until it has probed the ports of the modem. It never finds a modem in a loader.
local function inhibit_when_probed(job)
  local is_said, began = job.device.mode ~= "application", sys.clock_ms()
  local ends = is_said and began or began + limits.probe * 1000
  return process.poll_until(ends, LOOK_MS, function()
    local done, problem = inhibit(job)
    if not done and not is_said and sys.clock_ms() - began >= QUIET_MS then
      is_said = true
      job.emit { event = "say", message = "ModemManager probes the modem: waiting until it can be inhibited" }
    end
    return done, problem, problem and problem.code == "bus.refused" and not modemmanager.is_denied(problem)
  end)
end

local function stop_service(job)
  local entry, socket = modemmanager.service(job.root), lock.socket(job.device)
  if not entry then return nil end
  local begun, problem = begin(job, socket)
  if not begun then return nil, problem end
  return pause_entry(job, socket, entry)
end

-- An inhibition is one of this process of ModemManager.
local function pause_modem_manager(job, pid, ways, is_quiet)
  local problems = {}
  for _, way in ipairs(ways) do
    local done, problem = way(job)
    if done then
      job.pausing.paused = pid
      return true
    end
    problems[#problems + 1] = problem and tostring(problem)
  end
  if is_quiet then return false end
  job:warn("device.busy", "ModemManager runs and could not be paused: "
    .. (problems[1] and table.concat(problems, "; ") or "found neither a bus nor its service")
    .. "; stop it during the run (systemctl stop ModemManager)")
  return false
end

local NEEDS_ROOT = "run as root (sudo moonflash ...), or stop it before (sudo systemctl stop ModemManager)"

local function needs_root(name, problem)
  return failure.new("device.busy", "only root can pause " .. name,
    { evidence = problem and tostring(problem), hint = NEEDS_ROOT })
end

-- Pauses what the job of another user than root can pause.
local function pause_as_user(job, interfaces, pid)
  if interfaces[1] then return nil, needs_root(words(interfaces[1])) end
  if not pid then return false end
  local done, problem = inhibit_when_probed(job)
  if not done then return nil, needs_root("ModemManager", problem) end
  job.pausing.paused = pid
  return true
end

--- The failure that this user gets when the job pauses something, for `plan`; nil when there is none.
function services.obstacle(root, dev)
  if paused.prepare(root) then return nil end
  local interface = netifd.find(root, dev)[1]
  if interface then return needs_root(words(interface)) end
  if not modemmanager.process(root) then return nil end
  local allowed, problem = modemmanager.may_inhibit(root)
  return not allowed and needs_root("ModemManager", problem) or nil
end

-- A job that finds files of other jobs may rely on a service that they stopped, so it takes part.
local function pause_all(job)
  local root, socket = job.root, lock.socket(job.device)
  local interfaces, pid = netifd.find(root, job.device), job.pausing.look()
  if not interfaces[1] and not pid and not paused.sockets(root)[1] then return false end
  local begun, problem = begin(job, socket)
  if not begun and problem.code == "sys.denied" then return pause_as_user(job, interfaces, pid) end
  if not begun then return nil, problem end
  for _, entry in ipairs(interfaces) do
    local done
    done, problem = pause_entry(job, socket, entry)
    if not done then return nil, problem end
  end
  local ways = { stop_service, inhibit_when_probed }
  if modemmanager.inhibition_lasts(job.device) then table.insert(ways, 1, inhibit) end
  local stopped = pid ~= nil and pause_modem_manager(job, pid, ways)
  return interfaces[1] ~= nil or stopped
end

--- Pauses programs that use the modem of a job, which has locked it. A finalizer of the job resumes them. Returns
-- whether anything was paused, or nil and a failure.
function services.pause(job)
  if job.options.keep_services then return false end
  job.pausing = { next_look = 0, look = modemmanager.lookout(job.root) }
  return paused.alone(job.root, function() return pause_all(job) end)
end

--- Pauses ModemManager again when it was started since the job paused it: by a user, or after a crash. Looks twice a
-- second. ModemManager may probe a modem that is back in application mode. Returns the programs that used the ports of
-- the modem by then, in words, once for each ModemManager.
function services.keep_paused(job, is_back)
  local pausing, now = job.pausing, sys.clock_ms()
  if not pausing or now < pausing.next_look and not is_back then return nil end
  pausing.next_look = now + LOOK_MS
  local pid = pausing.look()
  if not pid or pid == pausing.paused then return nil end
  local users = pid ~= pausing.blamed and port_users.words(job) or nil
  if users then pausing.blamed = pid end
  paused.alone(job.root, function()
    pause_modem_manager(job, pid, { stop_service, is_back and inhibit_when_probed }, not is_back)
  end)
  return users
end

--- The programs that would be paused, in words, for `plan`.
function services.list(root, dev)
  local found = {}
  for _, entry in ipairs(netifd.find(root, dev)) do found[#found + 1] = words(entry) end
  if modemmanager.process(root) then found[#found + 1] = "ModemManager" end
  return found
end

return services
