-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What the workers of the matrix do.
-- @module tests.matrix.work

local cells = require "tests.matrix.cells"
local judge = require "tests.matrix.judge"
local kills = require "tests.matrix.kills"
local run = require "tests.matrix.run"
local story = require "tests.matrix.story"
local sys = require "moonflash.core.sys"

local work = {}

local TRIES = 3

--- The messages of a good run.
function work.messages(job)
  return cells.messages(job.way)
end

local function summary(seen)
  local result = seen.result or {}
  return { exit = result.exit, code = result.ok == false and result.failure and result.failure.code or nil }
end

-- On a machine that is busy for a moment a run may end before it comes to the message with the fault, miss an
-- answer that was only late, or miss the download window.
local function run_both(job)
  local first, second
  for _ = 1, TRIES do
    first, second = run.both(job)
    if not judge.came_too_late(job, first, second) then break end
  end
  return first, second
end

--- A cell.
-- @treturn table wrong (words) and story when it is red; first and second = { exit, code }; ms
function work.cell(job)
  local began = sys.clock_ms()
  local first, second = run_both(job)
  local wrong = judge.first(job, first)
  if not wrong then
    wrong = judge.second(job, second)
    wrong = wrong and "second run: " .. wrong
  end
  return { wrong = wrong, first = summary(first), second = summary(second),
    story = wrong and story(first, second), ms = sys.clock_ms() - began }
end

--- A run that gets signals.
-- @treturn table as of work.cell
function work.kill(job)
  local began = sys.clock_ms()
  local first, second = kills.run(job)
  job.any_pair = job.again == "recover" and not first.begun
  local wrong = judge.signalled(job, first) or judge.second(job, second)
  return { wrong = wrong, story = wrong and story(first, second), ms = sys.clock_ms() - began,
    first = { exit = first.status }, second = summary(second) }
end

--- The steps of a good run.
function work.steps(job)
  return kills.steps(job.way)
end

return work
