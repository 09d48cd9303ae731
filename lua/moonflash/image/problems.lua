-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The problems that the verifier (moonflash.core.cwe) found in an image, in words.

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"

local problems = {}

local messages = {
  not_cwe = "not a firmware image: it does not begin with a CWE header",
  bad_header_crc = "header CRC is wrong",
  bad_image_crc = "image CRC is wrong",
  unknown_revision = "unknown header revision",
  unknown_indicator = "unknown CRC indicator",
  not_printable = "a text of the header is not printable",
  empty = "the record has no data",
  beyond_parent = "the record ends after the one around it",
  truncated = "the file ends too early",
  trailing_bytes = "the file goes on after the image",
  too_deep = "records are nested too deep",
  too_many = "too many records",
}

-- The first bytes of files that are easily mistaken for images.
local other_files = {
  { "PK\3\4", "this is a zip archive in a zip archive: unpack it" },
  { "MZ", "this is a Windows program: the images are inside; unpack it there or with 7z" },
  { "\31\139", "this is a gzip file: unpack it" },
  { "7z\188\175", "this is a 7z archive: unpack it" },
  { "Rar!", "this is a RAR archive: unpack it" },
  { "<", "this is a web page: the download went wrong" },
}

local function known_file(head)
  for _, row in ipairs(other_files) do
    if head:sub(1, #row[1]) == row[1] then return row[2] end
  end
end

local function record_at(seen, offset)
  for _, record in ipairs(seen.records) do
    if record.offset == offset then return record end
  end
end

local function sums(_, record)
  return ("the header says %s, the data gives %s"):format(
    bytes.hex_number(record.stated_crc, 8), bytes.hex_number(record.computed_crc, 8))
end

local function lengths(seen)
  local outer = seen.records[1]
  return outer and ("%.0f bytes, %.0f by the header"):format(seen.bytes, outer.size + problems.HEADER)
end

local function beginning(seen, _, head)
  return seen.bytes > 0 and (known_file(head) or "it begins with " .. bytes.hex(head:sub(1, 16))) or nil
end

local evidence = {
  bad_image_crc = sums, truncated = lengths, trailing_bytes = lengths, not_cwe = beginning,
}

problems.HEADER = 400

--- The problems in the verifier's report about a file with these first bytes: array of { code, kind, message, evidence,
-- offset in bytes }.
function problems.of(seen, head)
  local list = {}
  for index, problem in ipairs(seen.problems) do
    local record = record_at(seen, problem.offset)
    local message, show = messages[problem.kind], evidence[problem.kind]
    list[index] = {
      code = "image.corrupt", kind = problem.kind, offset = problem.offset,
      message = record and ("%s: %s"):format(record.type, message) or message,
      evidence = show and show(seen, record, head),
    }
  end
  if seen.bytes == 0 and list[1] then list[1].message = "the file is empty" end
  return list
end

--- The first problem of a report as a failure, which names the file; nil when there is none.
function problems.failure(report)
  local found = report.problems[1]
  if not found then return nil end
  local names_file = found.message:find(report.file, 1, true)
  return failure.new(found.code, names_file and found.message or report.file .. ": " .. found.message,
    { evidence = found.evidence, offset = found.offset })
end

return problems
