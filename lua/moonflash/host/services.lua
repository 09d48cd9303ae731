--- Pauses programs that use the modem: ModemManager (InhibitDevice, or its service) and OpenWrt interfaces. They
-- are resumed when the job ends; after a crash, by the next run.
--
-- Jobs on several modems may run at once. A job that ends and has stopped a service hands it to another job that
-- needs it stopped, so the last of them starts it.

local init_system = require "moonflash.host.init_system"
local lock = require "moonflash.host.lock"
local modemmanager = require "moonflash.host.modemmanager"
local netifd = require "moonflash.host.netifd"
local paused = require "moonflash.host.paused"

local services = {}

-- How an entry of the paused services file is paused and resumed, by its kind.
local kinds = {
  interface = netifd.kind, procd = init_system.kinds.procd, systemd = init_system.kinds.systemd,
}

local function words(entry)
  return kinds[entry.kind].words:format(entry.name)
end

-- --- resume -----------------------------------------------------------------------------------------------

local function is_at_work(root, socket)
  local held, problem = lock.take_socket(root, socket, lock.ASKS)
  if held then held:release() end
  return not held and lock.is_jobs(problem)
end

-- The socket of another job that needs services paused.
local function other_job(root, socket)
  for _, other in ipairs(paused.sockets(root)) do
    if other ~= socket and is_at_work(root, other) then return other end
  end
end

local function resume_entry(job, socket, entry)
  local kind = kinds[entry.kind]
  local other = kind.service and other_job(job.root, socket)
  if other then return paused.add(job.root, other, entry) end
  local resumed, problem = kind.resume(job.root, entry.name)
  if resumed then job:note("resumed: " .. words(entry)) end
  return resumed, problem
end

-- Resumes the entries of a file, last first. What fails stays in the file, for the next run.
local function resume_all(job, socket)
  local entries, left = paused.read(job.root, socket), {}
  for index = #entries, 1, -1 do
    local entry = entries[index]
    local done, problem = true, nil
    if kinds[entry.kind] then done, problem = resume_entry(job, socket, entry) end
    if not done then
      table.insert(left, 1, entry)
      job:warn(problem.code, ("%s stays paused: %s"):format(words(entry), tostring(problem)))
    end
  end
  if left[1] then return paused.write(job.root, socket, left) end
  return paused.remove(job.root, socket)
end

--- Resumes what earlier runs left paused because they crashed. The lock of a socket tells whether its job still
-- runs.
-- @tparam table job gives the root and reports
function services.restore_leftovers(job)
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
  local written, problem = paused.write(job.root, socket, paused.read(job.root, socket))
  if not written then return nil, problem end
  at_end(job, "resume services", function()
    local done, failed = paused.alone(job.root, function() return resume_all(job, socket) end)
    services.restore_leftovers(job) -- of a job that crashed meanwhile
    return done, failed
  end)
  return true
end

local function pause_entry(job, socket, entry)
  local done, problem = paused.add(job.root, socket, entry)
  if done then done, problem = kinds[entry.kind].pause(job.root, entry.name) end
  if done then job:note("paused: " .. words(entry)) end
  return done, problem
end

local function inhibit(job)
  local release, problem = modemmanager.inhibit(job.root, job.device)
  if not release then return nil, problem end
  at_end(job, "end the inhibition by ModemManager", release)
  job:note "ModemManager is inhibited for this modem"
  return true
end

local function stop_service(job, socket)
  local entry = init_system.find(job.root, modemmanager.service)
  if not entry then return nil end
  return pause_entry(job, socket, entry)
end

local function pause_modem_manager(job, socket)
  local ways, problems = { stop_service, inhibit }, {}
  if modemmanager.inhibition_lasts(job.device) then ways = { inhibit, stop_service } end
  for _, way in ipairs(ways) do
    local done, problem = way(job, socket)
    if done then return true end
    problems[#problems + 1] = problem and tostring(problem)
  end
  job:warn("device.busy", "ModemManager runs and could not be paused: "
    .. (problems[1] and table.concat(problems, "; ") or "found neither a bus nor its service"))
  return false
end

-- Whether another job has stopped ModemManager.
local function is_stopped(root)
  local service = init_system.find(root, modemmanager.service)
  for _, socket in ipairs(service and paused.sockets(root) or {}) do
    for _, entry in ipairs(paused.read(root, socket)) do
      if entry.kind == service.kind and entry.name == service.name then return true end
    end
  end
  return false
end

local function pause_all(job)
  local root, socket = job.root, lock.socket(job.device)
  local interfaces, runs = netifd.find(root, job.device), modemmanager.runs(root)
  if not interfaces[1] and not runs and not is_stopped(root) then return false end
  local begun, problem = begin(job, socket)
  if not begun then return nil, problem end
  for _, entry in ipairs(interfaces) do
    local done
    done, problem = pause_entry(job, socket, entry)
    if not done then return nil, problem end
  end
  local stopped = runs and pause_modem_manager(job, socket)
  return interfaces[1] ~= nil or stopped
end

--- Pauses what uses the job's modem. A finalizer of the job resumes it.
-- @tparam table job has locked the modem
-- @treturn boolean whether anything was paused, or nil and a failure
function services.pause(job)
  if job.options.keep_services then return false end
  return paused.alone(job.root, function() return pause_all(job) end)
end

--- What would be paused, in words, for `plan`.
-- @tparam string root
-- @tparam table dev
-- @treturn table array of strings
function services.list(root, dev)
  local found = {}
  for _, entry in ipairs(netifd.find(root, dev)) do found[#found + 1] = words(entry) end
  if modemmanager.runs(root) then found[#found + 1] = "ModemManager" end
  return found
end

return services
