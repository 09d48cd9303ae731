-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Many cells or kills at once, with a report.
-- @module tests.matrix.sweep

local cells = require "tests.matrix.cells"
local kills = require "tests.matrix.kills"
local messages_of = require "tests.matrix.messages"
local pool = require "tests.matrix.pool"
local report = require "tests.matrix.report"

local sweep = {}

--- The fault matrix.
-- @tparam table options ways (all if not given), at_once; whole = also what follows the first image on
-- further routes of a model; wanted = function(message, row) whether a cell is run;
-- each = function(done, total, job, outcome)
-- @treturn table as of report.run
function sweep.matrix(options)
  local workers = pool.start("tests.matrix.work", options.at_once)
  local ways, jobs, seen = options.ways or cells.ways(), {}, {}
  for index, messages in ipairs(report.ask(workers, "messages", ways)) do
    local way = ways[index]
    if seen[way.model] and not options.whole then messages = messages_of.entering(messages) end
    seen[way.model] = true
    report.add_all(jobs, cells.of(way, messages, options.wanted))
  end
  return report.run(workers, jobs, options.each)
end

-- At every step and message of each way; on further routes of a model up to the first image.
local function kills_everywhere(workers, ways)
  local steps, messages = report.ask(workers, "steps", ways), report.ask(workers, "messages", ways)
  local jobs, seen = {}, {}
  for index, way in ipairs(ways) do
    if not seen[way.model] then report.add_all(jobs, kills.at_steps(way, steps[index])) end
    local here = seen[way.model] and messages_of.entering(messages[index]) or messages[index]
    report.add_all(jobs, kills.at_messages(way, here))
    seen[way.model] = true
  end
  return jobs
end

--- The kill sweep.
-- @tparam table options at_once, at_random (how many), seed, each; messages = { { name, number } }: besides
-- the random ones only at these of one way (the first if not given), not at every step and message of all
-- @treturn table as of sweep.matrix
function sweep.kills(options)
  local workers = pool.start("tests.matrix.work", options.at_once)
  local jobs = options.messages and kills.at_messages(options.way or cells.ways "preference"[1], options.messages)
    or kills_everywhere(workers, cells.ways())
  report.add_all(jobs, kills.at_random(cells.ways "preference", options.at_random, options.seed))
  return report.run(workers, jobs, options.each)
end

return sweep
