-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The fault matrix and the kill sweep with the independent modem: every way of an update x every message of a good run
-- x every fault (faults.py), and signals at every step and message.
-- @module tests.peer.sweep

local messages_of = require "tests.matrix.messages"
local pool = require "tests.matrix.pool"
local report = require "tests.matrix.report"
local signals = require "tests.matrix.signals"
local stage = require "tests.peer.stage"

local sweep = {}

local WORK = "tests.peer.sweep_work"
local SIZES = { size = 10000, settings_size = 5000 } -- three chunks and two

-- The factor of the program's deadlines during the first run. Those of libqmi are whole seconds.
local TIMEOUT_SCALE = 0.05

-- Seconds. The program waits so long for an answer, and a little more is too late.
local MOMENT = 0.15
local patience = { ctl = 1, dms = 1, mbim = 1, at = 5 * TIMEOUT_SCALE, qdl = 5 * TIMEOUT_SCALE,
  ["qdl.write"] = 120 * TIMEOUT_SCALE }
local TOO_LATE = 1.3

local INTERNAL, STATUS, FAILED = 3, 1, 7 -- an error of QMI, a status of QDL, an error of QDL
local ELSEWHERE = "1-2"
local SIGNALS = "signals" -- in place of the name of a fault

-- --- the ways ---------------------------------------------------------------------------------------------

local ways = {
  { model = "MC7455", route = "preference" },
  { model = "MC7455", route = "preference", composition = "mbim-alone" },
  { model = "MC7455", route = "boothold" },
  { model = "MC7455", route = "impref" },
  { model = "MC7354", route = "preference" },
  { model = "MC7354", route = "boothold" },
  { model = "MC7354", route = "impref" },
  { model = "EM7305", route = "firmware-id", kinds = { "package" } },
}

--- The ways of an update.
-- @treturn table list of { name, model, route, composition, kinds, files, timeout_scale of the first run, shares =
-- whether a way before it is the same from the first image on }
function sweep.ways()
  local list, seen = {}, {}
  for index, row in ipairs(ways) do
    local kind = ("%s %s"):format(row.model, row.composition or "QMI")
    local way = { name = kind .. " " .. row.route, timeout_scale = TIMEOUT_SCALE, shares = seen[kind] }
    way.files = stage.images(row.model, SIZES, row.kinds)
    for field, value in pairs(row) do way[field] = value end
    list[index], seen[kind] = way, true
  end
  return list
end

-- --- the faults -------------------------------------------------------------------------------------------

local function kind_of(message)
  return message:match "^%a+"
end

local function patience_for(message)
  return (patience[message] or patience[kind_of(message)]) * TOO_LATE
end

local refusals = { ctl = INTERNAL, dms = INTERNAL, mbim = STATUS, at = STATUS, qdl = STATUS }
local without_status = { ["qdl.switch"] = FAILED, ["qdl.hello"] = FAILED }

local function refusal_of(message)
  return without_status[message] or refusals[kind_of(message)]
end

-- name; fault (of faults.py) if it has another name; only: to messages of this kind; except: not to these; value, or
-- function(message); mild: the first run gets over it; times: for so many in a row. The reset of QDL has no answer:
-- only what is `unanswered` can happen to it. A preference that is refused is not set again: the second run would meet
-- what is left of a repeated refusal.
local rows = {
  { name = "silence", unanswered = true },
  { name = "lost" },
  { name = "late", value = MOMENT, mild = true },
  { name = "too late", fault = "late", value = patience_for },
  { name = "refuse", value = refusal_of },
  { name = "refuse, again and again", fault = "refuse", value = refusal_of, times = 4,
    except = { ["dms.0x0048"] = true } },
  { name = "error", only = "qdl", value = FAILED },
  { name = "cut" },
  { name = "flip" },
  { name = "stale", mild = true },
  { name = "unplug", unanswered = true },
  { name = "unplug, elsewhere", fault = "unplug", unanswered = true, value = ELSEWHERE },
}

local function applies(row, message)
  if row.except and row.except[message] then return false end
  if row.only and row.only ~= kind_of(message) then return false end
  return row.unanswered or message ~= "qdl.reset"
end

-- The faults of a row at the nth message of its name, as faults.py takes them.
local function faults_of(row, message)
  local value, faults = row.value, {}
  if type(value) == "function" then value = value(message.name) end
  for number = message.number, message.number + (row.times or 1) - 1 do
    faults[("%s#%.0f"):format(message.name, number)] = { row.fault or row.name, value }
  end
  return faults
end

-- --- the jobs ---------------------------------------------------------------------------------------------

local function text_of(message)
  return ("%s#%.0f"):format(message.name, message.number)
end

local function fault_jobs(way, messages, wanted)
  local jobs = {}
  for _, message in ipairs(messages) do
    for _, row in ipairs(rows) do
      if applies(row, message.name) and wanted(text_of(message), row.name) then
        jobs[#jobs + 1] = { task = "fault", name = ("%s: %s %s"):format(way.name, text_of(message), row.name),
          row = row.name, way = way, message = message, mild = row.mild, faults = faults_of(row, message),
          again = message.number % 2 == 0 and "recover" or "update" }
      end
    end
  end
  return jobs
end

local function add_kills(jobs, way, when, more)
  for index, names in ipairs(signals.kinds) do
    local job = { task = "kill", way = way, signals = names, row = SIGNALS,
      name = ("%s: %s, SIG%s"):format(way.name, when, table.concat(names, "+SIG")),
      again = index % 2 == 0 and "recover" or "update" }
    for field, value in pairs(more) do job[field] = value end
    jobs[#jobs + 1] = job
  end
end

local function kill_jobs(way, messages, steps, wanted)
  local jobs = {}
  for number, step in ipairs(steps) do
    if wanted(step, SIGNALS) then add_kills(jobs, way, step, { step = number }) end
  end
  for _, message in ipairs(messages) do
    local text = text_of(message)
    if message.name ~= "qdl.reset" and wanted(text, SIGNALS) then
      add_kills(jobs, way, text, { message = message, faults = { [text] = { "late", MOMENT } } })
    end
  end
  return jobs
end

--- Runs the cells.
-- @tparam table options at_once; ways (all if not given); each; wanted = function(moment, row) whether a cell is run:
-- moment is a step or a message ("qdl.write#2"), row the name of a fault or "signals"; all if not given
-- @treturn table as of tests.matrix.report
function sweep.run(options)
  local workers, list, jobs = pool.start(WORK, options.at_once), options.ways or sweep.ways(), {}
  local wanted = options.wanted or function() return true end
  for index, good in ipairs(report.ask(workers, "good", list)) do
    local way = list[index]
    local messages = way.shares and messages_of.entering(good.messages) or good.messages
    report.add_all(jobs, fault_jobs(way, messages, wanted))
    report.add_all(jobs, kill_jobs(way, messages, way.shares and {} or good.steps, wanted))
  end
  return report.run(workers, jobs, options.each)
end

return sweep
