--- moonflash inspect FILE...
local failure = require "moonflash.base.failure"
local later = require "moonflash.base.later"
local model = require "moonflash.engine.model"
local outcome = require "moonflash.commands.outcome"

local inspection = later "moonflash.cli.inspection"

-- A file that cannot even be read is reported like one that is damaged.
local function unreadable(path, problem)
  return { file = path, ok = false, records = {}, problems = { problem }, failure = problem }
end

local function reports_of(wanted)
  local reports = {}
  for _, path in ipairs(wanted.given.files) do
    local found, problem = wanted.use.image.look(path, wanted.options)
    for _, report in ipairs(found or { unreadable(path, problem) }) do reports[#reports + 1] = report end
  end
  return reports
end

-- The names of the models whose scripts would take an image.
local function name_models(wanted, reports)
  local models = wanted.use.flash.models(wanted.emit)
  for _, report in ipairs(reports) do
    report.models = {}
    for _, candidate in ipairs(models) do
      if report.product and model.fits(candidate, report) then
        report.models[#report.models + 1] = candidate.name
        for _, alias in ipairs(candidate.aliases or {}) do report.models[#report.models + 1] = alias end
      end
    end
  end
end

local function failure_of_report(report)
  local first = report.problems[1]
  return report.failure
    or failure.new(first.code, report.file .. ": " .. first.message, { evidence = first.evidence })
end

local function failure_of_reports(reports)
  for _, report in ipairs(reports) do
    if not report.ok then return failure_of_report(report) end
  end
end

local function failure_of_set(set)
  for _, problem in ipairs(set.problems or {}) do
    if not inspection.is_open_question(problem) then
      return failure.new(problem.code, problem.message, { evidence = problem.evidence })
    end
  end
end

return {
  name = "inspect",
  usage = "FILE...",
  summary = "the records of each image, every checksum, do they fit together",
  arguments = {
    { "FILE", "image files", count = "+", target = "files" },
  },
  run = function(wanted)
    local reports = reports_of(wanted)
    local set = wanted.use.image.set(reports, wanted.options)
    local failed = failure_of_reports(reports)
    name_models(wanted, reports)
    wanted.out:object(inspection.object(reports, set))
    inspection.say(wanted.out, reports, set, { verbose = wanted.given.verbose, failed = failed })
    return outcome.of(failed or failure_of_set(set))
  end,
}
