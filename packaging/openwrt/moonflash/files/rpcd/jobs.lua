-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The jobs of the service, read from their folders: see /usr/libexec/moonflash-job.
-- @module moonflash.rpcd.jobs

local answers = require "moonflash.rpcd.answers"
local course = require "moonflash.rpcd.course"
local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"
local results = require "moonflash.commands.result"
local sys = require "moonflash.core.sys"

local jobs = {}

local FOLDER = "/var/run/moonflash/jobs"
local TAIL = 1048576   -- bytes: the last events
local TERMINATED = 143 -- 128 + 15, the exit status of a process that SIGTERM ended

-- --- folders ----------------------------------------------------------------------------------------

-- The folders of all jobs, the oldest first.
local function all_jobs()
  local all = {}
  for _, name in ipairs(sys.list(FOLDER) or {}) do
    local job = { name = name, folder = FOLDER .. "/" .. name }
    if sys.stat(job.folder .. "/arguments") then all[#all + 1] = job end
  end
  return all
end

--- A job { name, folder } by its name; the last one without a name; or nil.
function jobs.find(name)
  local last
  for _, job in ipairs(all_jobs()) do
    if not name or job.name == name then last = job end
  end
  return last
end

local function number_in(job, file)
  return (sys.link(job.folder .. "/" .. file) or ""):match "^%d[%d.]*$"
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

local commands = { devices = true, status = true, inspect = true, plan = true, update = true, recover = true,
  switch = true, run = true, qmi = true, at = true, simulate = true, replay = true, ["test-script"] = true }

local function command_of(job)
  for word in (sys.read_file(job.folder .. "/arguments") or ""):gmatch "([^\n]*)\n" do
    if commands[word] then return word end
  end
end

-- --- events and results -----------------------------------------------------------------------------

-- The end of the file of events, from a line's begin. Of the progress, which is most of the file, only the last line.
local function last_lines(job)
  local file = io.open(job.folder .. "/events")
  if not file then return "" end
  local size = file:seek "end"
  file:seek("end", -math.min(TAIL, size))
  local kept, progress = {}, nil
  for line in file:read("*a"):gmatch "[^\n]*\n" do
    if line:find('"event":"progress"', 1, true) then
      progress = line
    else
      kept[#kept + 1], progress = (progress or "") .. line, nil
    end
  end
  file:close()
  return table.concat(kept) .. (progress or "")
end

local function with_hint(result)
  if result.failure then result.failure.hint = failure.hint(result.failure) end
  return result
end

-- The result of a job: its result event, or else one made of its exit status. A job that was stopped before it caught
-- signals, or that had no room to write, has no result event. A killed job has neither. An update of several modems has
-- a result event for each of them before its own.
local function result_of(job, lines)
  local result, status = answers.result(lines), tonumber(number_in(job, "ended") or "")
  if result and (status or type(result.place) ~= "string") then return result end
  if not status then return nil end
  if status == TERMINATED then
    return with_hint(results.bad(failure.new("job.interrupted", "stopped before it began")))
  end
  return status <= results.SCRIPT_ERROR and with_hint(results.of_exit(status)) or nil
end

-- --- answers ----------------------------------------------------------------------------------------

local function uptime()
  return tonumber((sys.read_file("/proc/uptime", 64) or ""):match "^[%d.]+") or 0
end

-- Seconds since the job began; until its last event if it has ended.
local function elapsed_of(job, state, lines)
  local begun, last = tonumber(number_in(job, "uptime") or ""), lines[#lines]
  if state == "running" and begun then return uptime() - begun end
  return last and (tonumber(last.t) or 0) / 1000 or 0
end

local step_fields = { "step", "state", "message", "t" }

-- The steps in the order of their begin, each with its last state.
local function steps_of(lines)
  local steps, by_name = {}, {}
  for _, line in ipairs(lines) do
    if line.event == "step" then
      local values = by_name[line.step] or {}
      if not by_name[line.step] then steps[#steps + 1] = json.object(step_fields, values) end
      by_name[line.step] = values
      values.step, values.state, values.message, values.t = line.step, line.state, line.message, line.t
    end
  end
  return steps
end

-- Adds the last progress, while no other step has begun.
local function add_progress(answer, lines)
  for index = #lines, 1, -1 do
    local line = lines[index]
    if line.event == "step" or line.event == "progress" then
      answer.step = line.step
      if line.event == "step" then return end
      for _, name in ipairs { "file", "sent", "total", "rate", "eta" } do answer[name] = line[name] end
      return
    end
  end
end

-- Adds the result, its failure, and the object of a question.
local function add_end(answer, result, lines)
  answer.result = result
  if result and type(result.failure) == "table" then answer.failure = result.failure end
  if answer.state == "died" then
    answer.failure = answers.failed("job.died", "the job was killed before it could report",
      "see `moonflash status`, then start it again").failure
  end
  for _, line in ipairs(result and lines or {}) do
    if not line.event then answer.answer = answers.object(lines) end
  end
end

--- The progress of a job.
function jobs.progress(job)
  local state, lines = state_of(job), answers.decode(last_lines(job)) -- in this order: an ended job has written all
  local result, command = result_of(job, lines), command_of(job)
  if result then state = "ended" end
  local elapsed = elapsed_of(job, state, lines)
  local answer = { job = job.name, command = command, state = state, elapsed = math.floor(elapsed),
    steps = steps_of(lines), asked_to_stop = sys.link(job.folder .. "/asked") ~= nil }
  answer.phase, answer.expected = course.of(state, command, lines, elapsed)
  answer.warnings, answer.notes = answers.messages(lines)
  add_progress(answer, lines)
  add_end(answer, result, lines)
  return answer
end

local list_fields = { "job", "command", "state", "ok", "exit" }

local function listed(job)
  local lines = answers.decode(last_lines(job))
  local state, result = state_of(job), result_of(job, lines)
  return json.object(list_fields, { job = job.name, command = command_of(job),
    state = result and "ended" or state, ok = result and result.ok, exit = result and result.exit })
end

--- All jobs, the newest first.
function jobs.list()
  local all = {}
  for _, job in ipairs(all_jobs()) do table.insert(all, 1, listed(job)) end
  return all
end

-- --- cancel -----------------------------------------------------------------------------------------

-- A job that waits never begins after this: only one process can make the link `begun`.
local function never_begins(job)
  return sys.symlink("0", job.folder .. "/begun") == true
    and sys.symlink(tostring(TERMINATED), job.folder .. "/ended") == true
end

--- Asks a job to stop. Returns whether there was something to stop.
function jobs.cancel(job)
  if result_of(job, answers.decode(last_lines(job))) then return false end
  sys.symlink("1", job.folder .. "/asked")
  if never_begins(job) then return true end
  for _, file in ipairs { "pid", "begun" } do -- before moonflash has started, moonflash-job passes it on
    local pid = number_in(job, file)
    if is_process_of(job, pid) then return sys.kill(tonumber(pid), "TERM") == true end
  end
  return false
end

return jobs
