-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Several worker processes that take one piece of work after another: lines of JSON in, lines out.
-- @module tests.matrix.pool

local cjson = require "cjson"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local pool = {}

--- In a worker: its number, from 1.
pool.number = nil

-- The pool looks this often at its workers. When it is woken much later, the machine stood still.
local WAKE_MS, STANDSTILL_MS = 100, 500

local WORKER = [[
  local cjson = require "cjson"
  local module, number = ...
  require("tests.matrix.pool").number = tonumber(number)
  local work = require(module)
  for line in io.lines() do
    local job = cjson.decode(line)
    local fine, answer = pcall(work[job.task], job)
    io.write(cjson.encode { fine = fine, answer = fine and answer or tostring(answer) }, "\n")
    io.flush()
  end
]]

local function give(worker, job)
  worker.job = job
  local line = cjson.encode(job) .. "\n"
  while line ~= "" do
    local count = assert(sys.write(worker.input, line))
    line = line:sub(count + 1)
  end
end

-- The next line of each worker that has one, as far as there is any. After a standstill all jobs have `disturbed`.
local function answers(workers)
  local entries = {}
  for _, worker in ipairs(workers) do
    if worker.job then entries[#entries + 1] = { fd = worker.output, read = true, worker = worker } end
  end
  local list, began = {}, sys.clock_ms()
  local ready = sys.poll(entries, WAKE_MS)
  if sys.clock_ms() - began > WAKE_MS + STANDSTILL_MS then
    for _, entry in ipairs(entries) do entry.worker.job.disturbed = true end
  end
  for _, entry in ipairs(ready or {}) do
    list[#list + 1] = { worker = entry.worker, text = entry.worker:line() }
  end
  return list
end

--- Starts workers.
-- @tparam string module of tasks: functions by name, each called with a job
-- @tparam number count
-- @treturn table the pool, ended by support.finish()
function pool.start(module, count)
  local workers = {}
  for index = 1, count do workers[index] = support.start(support.lua(WORKER, module, tostring(index))) end
  return setmetatable({ workers = workers }, { __index = pool })
end

--- Does a list of jobs, in any order. A job has `disturbed` when the machine stood still meanwhile.
-- @tparam table jobs { task = name of a function of the module, ... }
-- @tparam function done called with each job, and what its function returned; or nil and words when
-- it raised. It may add jobs to the list
function pool:run(jobs, done)
  local next_job, waiting = 1, 0
  local function feed(worker)
    worker.job = nil
    if not jobs[next_job] then return end
    give(worker, jobs[next_job])
    next_job, waiting = next_job + 1, waiting + 1
  end
  for _, worker in ipairs(self.workers) do feed(worker) end
  while waiting > 0 do
    for _, answer in ipairs(answers(self.workers)) do
      local job, told = answer.worker.job, cjson.decode(answer.text)
      waiting = waiting - 1
      done(job, told.fine and told.answer or nil, not told.fine and told.answer or nil)
      feed(answer.worker)
    end
  end
end

return pool
