-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Runs many jobs in a pool, and sums up how they went.
-- @module tests.matrix.report

local report = {}

local TRIES = 3

--- What a task says for each of the ways, in the order of the ways.
-- @treturn table list
function report.ask(workers, task, ways)
  local jobs, answers = {}, {}
  for index, way in ipairs(ways) do jobs[index] = { task = task, way = way, index = index } end
  workers:run(jobs, function(job, answer, raised)
    if raised then error(raised, 0) end
    answers[job.index] = answer
  end)
  return answers
end

--- Adds the items of a list to another one.
function report.add_all(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
end

local function add_one(counts, name)
  counts[name] = (counts[name] or 0) + 1
end

-- The windows of a modem close while a machine stands still, so such a run says nothing about the program.
local function is_void(job, outcome)
  job.tries = (job.tries or 0) + 1
  return outcome.wrong and job.disturbed and job.tries < TRIES
end

--- Runs jobs.
-- @tparam table workers of tests.matrix.pool
-- @tparam table jobs each with a name, and a row: the name of its fault
-- @tparam[opt] function each called with done, total, job, outcome
-- @treturn table { total, red = { { name, words, story } }, exits = { [exit] = count },
-- rows = { [name of a fault] = count } }
function report.run(workers, jobs, each)
  local sums, done = { total = #jobs, red = {}, exits = {}, rows = {} }, 0
  workers:run(jobs, function(job, outcome, raised)
    outcome = outcome or { wrong = raised, first = {} }
    if is_void(job, outcome) then
      job.disturbed, jobs[#jobs + 1] = nil, job
      return
    end
    done = done + 1
    if outcome.wrong then
      sums.red[#sums.red + 1] = { name = job.name, words = outcome.wrong, story = outcome.story }
    end
    add_one(sums.exits, tostring(outcome.first.exit))
    add_one(sums.rows, job.row or "signals")
    if each then each(done, sums.total, job, outcome) end
  end)
  return sums
end

--- The red ones with their stories, for a test that wants none.
-- @treturn string empty when all are green
function report.told(sums)
  local lines = {}
  for _, red in ipairs(sums.red) do
    lines[#lines + 1] = ("%s: %s\n%s"):format(red.name, red.words, red.story or "")
  end
  return table.concat(lines, "\n")
end

return report
