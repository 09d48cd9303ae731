--- What was found in images, as people read it and as JSON.
-- @module moonflash.cli.inspection

local json = require "moonflash.base.json"
local text = require "moonflash.cli.text"

local inspection = {}

local SCHEMA = 1

-- What an update would still have to be told is nothing against the images that were looked at.
local OPEN_QUESTIONS = { ["image.incomplete_set"] = true, ["image.unversioned"] = true }

--- Whether a problem of a set only says what is still to be given.
function inspection.is_open_question(problem)
  return OPEN_QUESTIONS[problem.code] == true
end

-- Texts ------------------------------------------------------------------------------------------

local function say_problems(out, indent, problems)
  for _, problem in ipairs(problems or {}) do
    local word = inspection.is_open_question(problem) and "not complete" or "PROBLEM"
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

-- "firmware 02.33.03.00 (outer header)": each value with what says so.
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
  for _, line in ipairs(text.columns(rows)) do out:say(line) end
end

local function say_settings(out, report, verbose)
  local entries = report.contents or {}
  if not entries[1] then return end
  out:say(("  %d settings inside%s"):format(#entries, verbose and ":" or " (--verbose lists them)"))
  if verbose then say_rows(out, entries, setting_row) end
end

local function say_report(out, report, verbose)
  out:say(report.file .. ": " .. (report.ok and "good" or "BAD"))
  if report.bytes then out:say("  " .. purpose(report)) end
  say_versions(out, report)
  say_rows(out, report.records, record_row)
  say_settings(out, report, verbose)
  for _, note in ipairs(report.notes or {}) do out:say("  note: " .. note) end
  say_problems(out, "  ", report.problems)
end

-- What is wrong with an image by itself has been said at that image.
local function say_set(out, set, failed)
  out:say("together: " .. (set.ok and text.versions(set) or "not an update by themselves"))
  if not failed then say_problems(out, "  ", set.problems) end
end

--- Says what was found.
-- @tparam table out the output
-- @tparam {table} reports of moonflash.image, with `models`: the names of the modems they are for
-- @tparam table set
-- @tparam table options verbose; failed: an image is bad by itself
function inspection.say(out, reports, set, options)
  for _, report in ipairs(reports) do say_report(out, report, options.verbose) end
  say_set(out, set, options.failed)
end

-- JSON -------------------------------------------------------------------------------------------

local function fields(keys)
  return function(values) return json.object(keys, values) end
end

local function each(items, make)
  local list = {}
  for index, item in ipairs(items or {}) do list[index] = make(item) end
  return list
end

local function same(value) return value end

local problem = fields { "code", "message", "evidence", "offset" }
local record = fields { "depth", "offset", "type", "size", "version", "header_crc", "image_crc",
  "product", "date" }
local embedded = fields { "type", "product", "version", "date", "size" }
local from = fields { "firmware", "carrier", "config", "family", "product" }

local function setting(entry)
  return json.object({ "offset", "kind", "name", "item", "size", "usb", "image" }, {
    offset = entry.offset, kind = entry.kind, name = entry.name, item = entry.item, size = entry.size,
    usb = entry.usb, image = entry.image and embedded(entry.image),
  })
end

local image_keys = { "file", "ok", "bytes", "family", "product", "firmware", "carrier", "config", "records",
  "problems", "kind", "oem", "models", "from", "settings", "changes_usb", "notes" }

local function image(report)
  return json.object(image_keys, {
    file = report.file, ok = report.ok, bytes = report.bytes,
    family = report.family, product = report.product,
    firmware = report.firmware, carrier = report.carrier, config = report.config, kind = report.kind,
    oem = report.oem, records = each(report.records, record), problems = each(report.problems, problem),
    models = each(report.models, same), from = from(report.from or {}),
    settings = each(report.contents, setting), changes_usb = each(report.changes_usb, same),
    notes = each(report.notes, same),
  })
end

--- The object of schema 1.
function inspection.object(reports, set)
  return json.object({ "v", "images", "set" }, {
    v = SCHEMA, images = each(reports, image),
    set = json.object({ "ok", "problems" }, { ok = set.ok, problems = each(set.problems, problem) }),
  })
end

return inspection
