-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Results of commands, and exit statuses: a program can tell "untouched" from "needs care". A result is
--
--     { ok, exit,          the exit status
--       before, after,     versions, as far as known
--       failure }

local describe = require "moonflash.device.describe"
local failure = require "moonflash.base.failure"

local results = {
  DONE = 0, USAGE = 1, NOTHING_TO_DO = 2, REFUSED = 3, BAD_IMAGE = 4, NO_MODEM = 5,
  NOT_ENTERED = 6, TRANSFER_FAILED = 7, NOT_CONFIRMED = 8, INTERRUPTED = 9, SCRIPT_ERROR = 10,
}

-- Codes that decide in every phase of a job.
local by_code = {
  ["usage"] = results.USAGE, ["trace.failed"] = results.USAGE, ["trace.unusable"] = results.USAGE,
  ["device.none"] = results.NO_MODEM, ["device.ambiguous"] = results.NO_MODEM,
  ["script.not_found"] = results.SCRIPT_ERROR, ["script.invalid"] = results.SCRIPT_ERROR,
  ["script.raised"] = results.SCRIPT_ERROR, ["script.untrusted"] = results.SCRIPT_ERROR,
  ["internal"] = results.SCRIPT_ERROR, ["source.over_modem"] = results.REFUSED,
}

-- Kinds of codes that decide before an image is opened. Afterwards the state of the modem matters more.
local by_kind = { image = results.BAD_IMAGE, source = results.BAD_IMAGE }

local by_phase = {
  untouched = results.REFUSED, entering = results.NOT_ENTERED, transfer = results.TRANSFER_FAILED,
  booting = results.NOT_CONFIRMED,
}

--- The exit status of a failure; nil is none. Its phase is that of the job it ended, if there was one; image_opened: a
-- download session without a job failed after it had opened an image.
function results.status(problem)
  if not problem then return results.DONE end
  local kind, what = problem.code:match "^([^.]+)%.?(.*)$"
  if what == "interrupted" then return results.INTERRUPTED end
  if by_code[problem.code] then return by_code[problem.code] end
  local phase = problem.image_opened and "transfer" or problem.phase or "untouched"
  local is_early = phase == "untouched" or phase == "entering"
  return is_early and by_kind[kind] or by_phase[phase]
end

--- The result of a success.
function results.good()
  return { ok = true, exit = results.DONE }
end

--- The result of a failure, with its usual exit status or another one.
function results.bad(problem, status)
  return { ok = false, exit = status or results.status(problem), failure = problem }
end

--- The result of a moonflash that ended with this exit status and without a result.
function results.of_exit(status)
  if status == results.DONE or status == results.NOTHING_TO_DO then return { ok = true, exit = status } end
  return results.bad(failure.new("internal", "the job ended without a result",
    { evidence = ("status %.0f"):format(status) }), status)
end

-- The failure remembers how far its job was: a script may hand it on.
local function complete(problem, job)
  problem.phase = problem.phase or job.phase
  if not problem.evidence then problem.evidence = describe.device(job.device) end
  return problem
end

--- The result of a job and its failure, if there is one.
function results.of(job, problem)
  local result = problem and results.bad(complete(problem, job)) or results.good()
  result.before, result.after = job.before, job.after
  -- after a restart of the procedure the modem is up to date because of this job
  if result.ok and job.up_to_date and job.phase == "untouched" then result.exit = results.NOTHING_TO_DO end
  return result
end

-- --- several modems ------------------------------------------------------------------------------

-- From the best to the worst.
local order = {
  results.NOTHING_TO_DO, results.DONE, results.USAGE, results.BAD_IMAGE, results.NO_MODEM, results.REFUSED,
  results.SCRIPT_ERROR, results.INTERRUPTED, results.NOT_ENTERED, results.NOT_CONFIRMED, results.TRANSFER_FAILED,
}
local rank = {}
for place, status in ipairs(order) do rank[status] = place end

local function worst_of(list)
  local worst = list[1]
  for _, result in ipairs(list) do
    if rank[result.exit] > rank[worst.exit] then worst = result end
  end
  return worst
end

--- The result of several modems: the worst exit status; ok when all are. `list` has the results, each with the place of
-- its modem; `count` modems were selected.
function results.of_all(list, count)
  local worst, texts = worst_of(list), {}
  if worst.ok then return { ok = true, exit = worst.exit } end
  for _, result in ipairs(list) do
    if not result.ok then texts[#texts + 1] = result.place .. ": " .. tostring(result.failure) end
  end
  local bad = #texts + count - #list
  if count > #list then texts[#texts + 1] = ("%d not begun"):format(count - #list) end
  return results.bad(failure.new(worst.failure.code, ("%d of %d modems could not be updated"):format(bad, count),
    { evidence = table.concat(texts, "; "), hint = failure.hint(worst.failure) }), worst.exit)
end

return results
