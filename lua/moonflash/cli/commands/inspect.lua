--- moonflash inspect FILE...
local failure = require "moonflash.failure"
local outcome = require "moonflash.cli.outcome"
local shape = require "moonflash.cli.shape"
local text = require "moonflash.cli.text"

-- A file that cannot even be read is reported like one that is damaged.
local function unreadable(path, problem)
  return { file = path, ok = false, records = {}, problems = { problem }, failure = problem }
end

local function reports_of(wanted)
  local reports = {}
  for i, path in ipairs(wanted.given.files) do
    local report, problem = wanted.use.image.inspect(path, wanted.options)
    reports[i] = report or unreadable(path, problem)
  end
  return reports
end

local function say_problems(out, indent, problems)
  for _, problem in ipairs(problems or {}) do
    local at = problem.offset and (" (at offset %.0f)"):format(problem.offset) or ""
    local seen = problem.evidence and ": " .. problem.evidence or ""
    out:say(indent .. "PROBLEM: " .. problem.message .. seen .. at)
  end
end

local function record_row(record)
  return {
    ("  "):rep(record.depth + 1) .. record.type, ("%9.0f"):format(record.offset), text.bytes(record.size),
    "header " .. record.header_crc, "image " .. record.image_crc, record.version or "",
  }
end

local function say_report(out, report)
  local versions = text.versions(report)
  local known = {}
  known[1] = report.bytes and text.bytes(report.bytes)
  known[#known + 1] = report.family
  known[#known + 1] = versions
  out:say(report.file .. ": " .. (report.ok and "good" or "BAD"))
  if known[1] then out:say("  " .. table.concat(known, ", ")) end
  local rows = {}
  for i, record in ipairs(report.records or {}) do rows[i] = record_row(record) end
  for _, line in ipairs(text.columns(rows)) do out:say(line) end
  say_problems(out, "  ", report.problems)
end

-- What is wrong with an image by itself has been said at that image.
local function say_set(out, set, failed)
  out:say("together: " .. (set.ok and text.versions(set) or "not an update by themselves"))
  if not failed then say_problems(out, "  ", set.problems) end
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

-- What an update would still have to be told is nothing against the images that were looked at.
local OPEN_QUESTIONS = { ["image.incomplete_set"] = true, ["image.unversioned"] = true }

local function failure_of_set(set)
  for _, problem in ipairs(set.problems or {}) do
    if not OPEN_QUESTIONS[problem.code] then
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
    wanted.out:object(shape.inspection(reports, set))
    for _, report in ipairs(reports) do say_report(wanted.out, report) end
    local failed = failure_of_reports(reports)
    say_set(wanted.out, set, failed)
    return outcome.of(failed or failure_of_set(set))
  end,
}
