-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- moonflash inspect FILE...: the content of images, whether they are intact and fit together.

local flash = require "moonflash"
local model = require "moonflash.engine.model"
local results = require "moonflash.commands.result"
local text = require "moonflash.cli.text"

local inspect = {}

-- What the user still has to give is not a fault of the images.
local OPEN_QUESTIONS = { ["image.incomplete_set"] = true, ["image.unversioned"] = true }

-- Text --------------------------------------------------------------------------------------------

local function say_problems(out, indent, problems)
  for _, problem in ipairs(problems or {}) do
    local word = OPEN_QUESTIONS[problem.code] and "not complete" or "PROBLEM"
    local at = problem.offset and (" (at offset %.0f)"):format(problem.offset) or ""
    local seen = problem.evidence and ": " .. problem.evidence or ""
    out:say(("%s%s: %s%s%s"):format(indent, word, problem.message, seen, at))
  end
end

local kinds = { firmware = "firmware", settings = "settings", package = "firmware and settings" }

local function purpose(report)
  local kind = kinds[report.kind]
  if kind and report.kind ~= "firmware" then
    kind = kind .. (report.oem and " of an OEM (" .. (report.sku or "OEM PRI") .. ")" or " of a carrier")
  end
  local known = { report.bytes and text.bytes(report.bytes) }
  known[#known + 1] = kind
  known[#known + 1] = report.family or report.model
  known[#known + 1] = report.product
  return table.concat(known, ", ")
end

-- "firmware 02.33.03.00 (outer header)": each value with its source.
local function say_versions(out, report)
  for _, name in ipairs { "firmware", "carrier", "config" } do
    local from = report.from and report.from[name]
    if report[name] then
      out:say(("  %-9s%s%s"):format(name, report[name], from and " (" .. from .. ")" or ""))
    end
  end
  if report.models and report.models[1] then out:say("  for      " .. table.concat(report.models, ", ")) end
end

local function record_row(record)
  return {
    ("  "):rep(record.depth + 1) .. record.type, ("%9.0f"):format(record.offset), text.bytes(record.size),
    record.product or "", record.date or "", "header " .. record.header_crc, "image " .. record.image_crc,
    record.version or "",
  }
end

local function setting_row(entry)
  local inside = entry.image and ("holds %s %s"):format(entry.image.type, entry.image.version) or ""
  return {
    ("    %s"):format(entry.name or entry.item and ("item %.0f"):format(entry.item) or entry.kind),
    ("%9.0f"):format(entry.offset), text.bytes(entry.size), inside,
  }
end

local function say_rows(out, items, row)
  local rows = {}
  for index, item in ipairs(items or {}) do rows[index] = row(item) end
  out:rows(rows)
end

local function say_settings(out, report)
  local entries, verbose = report.contents or {}, out.given.verbose
  if not entries[1] then return end
  out:say(("  %d setting%s inside%s"):format(#entries, #entries == 1 and "" or "s",
    verbose and ":" or " (--verbose lists them)"))
  if verbose then say_rows(out, entries, setting_row) end
end

local function say_report(out, report)
  out:say(report.file .. ": " .. (report.ok and "good" or "BAD"))
  if report.bytes then out:say("  " .. purpose(report)) end
  say_versions(out, report)
  say_rows(out, report.records, record_row)
  say_settings(out, report)
  for _, note in ipairs(report.notes or {}) do out:say("  note: " .. note) end
  say_problems(out, "  ", report.problems)
end

-- When an image is bad by itself, its problems were printed with it.
local function say_set(out, set, is_image_bad)
  out:say("together: " .. (set.ok and text.versions(set) or "not a complete update"))
  if not is_image_bad then say_problems(out, "  ", set.problems) end
end

-- Work --------------------------------------------------------------------------------------------

-- A file that cannot be read is reported like one that is damaged.
local function reports_of(request)
  local reports = {}
  for _, path in ipairs(request.files) do
    local found, problem = flash.image.look(path, request.options)
    local unread = { file = path, ok = false, records = {}, problems = { problem }, failure = problem }
    for _, report in ipairs(found or { unread }) do reports[#reports + 1] = report end
  end
  return reports
end

-- The names of the models that accept an image.
local function add_models(report, models)
  report.models = {}
  for _, candidate in ipairs(models) do
    if report.product and model.fits(candidate, report) then
      report.models[#report.models + 1] = candidate.name
      for _, alias in ipairs(candidate.aliases or {}) do report.models[#report.models + 1] = alias end
    end
  end
end

local function failure_of_reports(reports)
  for _, report in ipairs(reports) do
    if not report.ok then return report.failure end
  end
end

local function failure_of_set(set)
  for _, problem in ipairs(set.problems) do
    if not OPEN_QUESTIONS[problem.code] then return problem end
  end
end

--- Runs the command: request.files.
function inspect.run(request, out)
  local reports, models = reports_of(request), flash.models(request.emit)
  local set, bad = flash.image.set(reports, request.options), failure_of_reports(reports)
  for _, report in ipairs(reports) do add_models(report, models) end
  out:object("images", { images = reports, set = set })
  for _, report in ipairs(reports) do say_report(out, report) end
  say_set(out, set, bad)
  local problem = bad or failure_of_set(set)
  return problem and results.bad(problem) or results.good()
end

return inspect
