--- The jobs of the service, read from their folders: see /usr/libexec/moonflash-job.
-- @module moonflash.rpcd.jobs

local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local results = require "moonflash.commands.result"
local sys = require "moonflash.core.sys"

local jobs = {}

local FOLDER = "/var/run/moonflash/jobs"
local TAIL, LONG_TAIL = 16384, 1048576 -- bytes: the last events; also when their lines are long
local TERMINATED = 143 -- 128 + 15, the exit status of a process that SIGTERM ended

--- A job.
-- @tparam[opt] string name the last one if none is named
-- @treturn table { name, folder }, or nil
function jobs.find(name)
  local last
  for _, known in ipairs(sys.list(FOLDER) or {}) do
    local is_job = sys.stat(FOLDER .. "/" .. known .. "/arguments")
    if is_job and (not name or known == name) then last = known end
  end
  return last and { name = last, folder = FOLDER .. "/" .. last }
end

local function number_in(job, file)
  return (sys.link(job.folder .. "/" .. file) or ""):match "^%d+$"
end

-- Whether a process belongs to the job and runs: its output is the file of the job. Another process may have its id
-- by now.
local function is_process_of(job, pid)
  local output = pid and sys.link("/proc/" .. pid .. "/fd/1")
  return output ~= nil and output == sys.real_path(job.folder .. "/events")
end

-- The state of a job that has no result.
local function state_of(job)
  local wrapper = number_in(job, "begun")
  if not wrapper then return "waiting" end
  local runs = is_process_of(job, wrapper) or is_process_of(job, number_in(job, "pid"))
  return runs and "running" or "died"
end

-- The events in the last bytes of the file, the newest first.
local function events_in(job, bytes)
  local file, events = io.open(job.folder .. "/events"), {}
  if not file then return events end
  file:seek("end", -math.min(bytes, file:seek "end"))
  for line in file:read("*a"):gmatch "([^\n]*)\n" do
    local event = json.decode(line)
    if type(event) == "table" then table.insert(events, 1, event) end
  end
  file:close()
  return events
end

local function result_in(events)
  for _, event in ipairs(events) do
    if event.event == "result" then return event end
  end
end

local function last_events(job)
  local events = events_in(job, TAIL)
  if result_in(events) or not number_in(job, "ended") then return events end
  return events_in(job, LONG_TAIL)
end

local function with_hint(result)
  if result.failure then result.failure.hint = failure.hint(result.failure) end
  return result
end

-- The result of a job: its result event, or else one made of its exit status. A job that was stopped before it caught
-- signals, or that had no room to write, has no result event. A killed job has neither.
local function result_of(job, events)
  local result, status = result_in(events), tonumber(number_in(job, "ended") or "")
  if result or not status then return result end
  if status == TERMINATED then
    return with_hint(results.bad(failure.new("job.interrupted", "stopped before it began")))
  end
  return status <= results.SCRIPT_ERROR and with_hint(results.of_exit(status)) or nil
end

-- Events that name no step.
local asides = { warning = true, note = true, say = true }

-- The current step of a job, or its last progress.
local function newest_step(events)
  for _, event in ipairs(events) do
    if not asides[event.event] then return event end
  end
  return {}
end

--- The progress of a job.
-- @tparam table job
-- @treturn table job, state, result, step, file, sent, total, rate, eta
function jobs.progress(job)
  local state, events = state_of(job), last_events(job) -- in this order: an ended job has written all its events
  local result, newest = result_of(job, events), newest_step(events)
  local sending = newest.event == "progress" and newest or {}
  return { job = job.name, state = result and "ended" or state, result = result, step = newest.step,
    file = sending.file, sent = sending.sent, total = sending.total, rate = sending.rate, eta = sending.eta }
end

-- A job that waits never begins after this: only one process can make the link `begun`.
local function never_begins(job)
  return sys.symlink("0", job.folder .. "/begun") == true
    and sys.symlink(tostring(TERMINATED), job.folder .. "/ended") == true
end

--- Asks a job to stop.
-- @tparam table job
-- @treturn boolean whether there was something to stop
function jobs.cancel(job)
  if result_of(job, last_events(job)) then return false end
  if never_begins(job) then return true end
  for _, file in ipairs { "pid", "begun" } do -- before moonflash has started, moonflash-job passes it on
    local pid = number_in(job, file)
    if is_process_of(job, pid) then return sys.kill(tonumber(pid), "TERM") == true end
  end
  return false
end

return jobs
