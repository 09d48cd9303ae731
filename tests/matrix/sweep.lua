--- Many cells or kills at once, with a report.
-- @module tests.matrix.sweep

local cells = require "tests.matrix.cells"
local kills = require "tests.matrix.kills"
local pool = require "tests.matrix.pool"

local sweep = {}

local TRIES = 3

-- What a task says for each of the ways, in the order of the ways.
local function ask(workers, task, ways)
  local jobs, answers = {}, {}
  for index, way in ipairs(ways) do jobs[index] = { task = task, way = way, index = index } end
  workers:run(jobs, function(job, answer, raised)
    if raised then error(raised, 0) end
    answers[job.index] = answer
  end)
  return answers
end

local function add_all(list, more)
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

-- Runs jobs; `each` is called for every one of them.
local function run(workers, jobs, each)
  local report, done = { total = #jobs, red = {}, exits = {}, rows = {} }, 0
  workers:run(jobs, function(job, outcome, raised)
    outcome = outcome or { wrong = raised, first = {} }
    if is_void(job, outcome) then
      job.disturbed, jobs[#jobs + 1] = nil, job
      return
    end
    done = done + 1
    if outcome.wrong then
      report.red[#report.red + 1] = { name = job.name, words = outcome.wrong, story = outcome.story }
    end
    add_one(report.exits, tostring(outcome.first.exit))
    add_one(report.rows, job.row or "signals")
    if each then each(done, report.total, job, outcome) end
  end)
  return report
end

-- Up to the first image: from there on all routes are the same.
local function entering(messages)
  local list = {}
  for _, message in ipairs(messages) do
    list[#list + 1] = message
    if message.name == "qdl.open" then break end
  end
  return list
end

--- The fault matrix.
-- @tparam table options ways (all if not given), at_once; whole = also what follows the first image on
-- further routes of a model; wanted = function(message, row) whether a cell is run;
-- each = function(done, total, job, outcome)
-- @treturn table { total, red = { { name, words, story } }, exits = { [exit] = count },
-- rows = { [name of a fault] = count } }
function sweep.matrix(options)
  local workers = pool.start("tests.matrix.work", options.at_once)
  local ways, jobs, seen = options.ways or cells.ways(), {}, {}
  for index, messages in ipairs(ask(workers, "messages", ways)) do
    local way = ways[index]
    if seen[way.model] and not options.whole then messages = entering(messages) end
    seen[way.model] = true
    add_all(jobs, cells.of(way, messages, options.wanted))
  end
  return run(workers, jobs, options.each)
end

-- At every step and message of each way; on further routes of a model up to the first image.
local function kills_everywhere(workers, ways)
  local steps, messages = ask(workers, "steps", ways), ask(workers, "messages", ways)
  local jobs, seen = {}, {}
  for index, way in ipairs(ways) do
    if not seen[way.model] then add_all(jobs, kills.at_steps(way, steps[index])) end
    add_all(jobs, kills.at_messages(way, seen[way.model] and entering(messages[index]) or messages[index]))
    seen[way.model] = true
  end
  return jobs
end

--- The kill sweep.
-- @tparam table options at_once, at_random (how many), seed, each; messages = { { name, number } }: besides
-- the random ones only at these of the first model, not at every step and message of all
-- @treturn table as of sweep.matrix
function sweep.kills(options)
  local workers = pool.start("tests.matrix.work", options.at_once)
  local jobs = options.messages and kills.at_messages(cells.ways "preference"[1], options.messages)
    or kills_everywhere(workers, cells.ways())
  add_all(jobs, kills.at_random(cells.ways "preference", options.at_random, options.seed))
  return run(workers, jobs, options.each)
end

return sweep
