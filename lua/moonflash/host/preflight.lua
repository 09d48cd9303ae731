-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Checks of the computer before anything is changed. A check is a table
--
--     { name = "memory",                the name that --skip takes
--       look = function(job) ... end,   returns a finding, or nil when all is well
--       prepare = function(job) end }   optional: fixes something until the end of the job;
--                                       returns true, or nil and a failure
--       each_time = true                prepare also runs when the modem is back after a restart
--
-- and a finding is { message, evidence, hint }, with warning = true when it does not refuse the job, note = true when
-- it needs no action, or advice = true when only `plan` and a failure to find the modem again tell it; code = another
-- one than "preflight.NAME". A check reads files below the job's root.

local failure = require "moonflash.base.failure"

local preflight = {}

-- The checks in the order of their findings, and those of the images. They are loaded when a modem is checked: to list
-- modems takes little memory.
local function checks_of_computer()
  local list = {}
  for _, file in ipairs { require "moonflash.host.checks.ports", (require "moonflash.host.checks.computer") } do
    for _, check in ipairs(file) do list[#list + 1] = check end
  end
  return list
end

local function checks_of_images()
  return { (require "moonflash.host.checks.images") }
end

--- The names that --skip takes, sorted: those of the checks, and `holders` (moonflash.host.port_users).
function preflight.names()
  local names = { "holders" }
  for _, list in ipairs { checks_of_computer(), checks_of_images() } do
    for _, check in ipairs(list) do names[#names + 1] = check.name end
  end
  table.sort(names)
  return names
end

--- Whether the user skips a check.
function preflight.is_skipped(job, name)
  return (job.options.skip or {})[name]
end

local function find(list, job)
  local findings = {}
  for _, check in ipairs(list) do
    local finding = check.look(job)
    if finding then
      finding.name, finding.code = check.name, finding.code or "preflight." .. check.name
      findings[#findings + 1] = finding
    end
  end
  return findings
end

--- An array of all findings, each with the name of its check and its code.
function preflight.look(job)
  return find(checks_of_computer(), job)
end

local function warn(job, finding, prefix)
  local text = ("%s%s (%s); %s"):format(prefix or "", finding.message, finding.evidence, finding.hint)
  job.emit { event = "warning", code = finding.code, message = text }
end

local function judge(job, findings, to_plan)
  local first
  for _, finding in ipairs(findings) do
    if finding.note then
      job.emit { event = "note", message = ("%s (%s)"):format(finding.message, finding.evidence) }
    elseif preflight.is_skipped(job, finding.name) then
      warn(job, finding, "skipped: ")
    elseif finding.advice and not to_plan then
      job.advice = finding
    elseif finding.warning or finding.advice or first then
      warn(job, finding)
    else
      first = finding
    end
  end
  if not first then return true end
  return nil, failure.new(first.code, first.message, { evidence = first.evidence,
    hint = ("%s; or continue with --skip %s"):format(first.hint, first.name) })
end

--- Warns of the findings, but returns nil and a failure for the first one that refuses the job; else true. To plan,
-- advice is a warning, too.
function preflight.check(job, to_plan)
  return judge(job, preflight.look(job), to_plan)
end

--- The same for the images, before they are read. There is no job yet: `request` has root, files, options, emit and
-- the device.
function preflight.check_images(request)
  return judge(request, find(checks_of_images(), request))
end

local function prepare(job, applies)
  for _, check in ipairs(checks_of_computer()) do
    if check.prepare and applies(check) and not preflight.is_skipped(job, check.name) then
      local ready, problem = check.prepare(job)
      if not ready then return nil, problem end
    end
  end
  return true
end

--- Lets the checks fix what they can, until the end of the job. Returns true, or nil and a failure.
function preflight.prepare(job)
  job.is_prepared = true
  return prepare(job, function() return true end)
end

--- Prepares again for a modem that is back after a restart.
function preflight.prepare_again(job)
  if job.is_prepared then prepare(job, function(check) return check.each_time end) end
end

--- Adds the advice of the checks to a failure, when the modem was not found again.
function preflight.advise(job, problem)
  local advice = problem.code == "device.not_seen" and job.advice
  if not advice then return end
  failure.add_evidence(problem, advice.message)
  problem.hint = ("%s, or %s"):format(advice.hint, failure.hint(problem))
end

return preflight
