-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The answers of the methods: failures, the objects of `moonflash --json`, texts without secrets.
-- @module moonflash.rpcd.answers

local failure = require "moonflash.base.failure"
local json = require "moonflash.base.json"

local answers = {}

-- --- failures ---------------------------------------------------------------------------------------

local FIELDS = { "code", "step", "message", "hint", "evidence" }

--- The answer of a call that has failed.
function answers.failed(code, message, hint, evidence)
  local values = { code = code, message = message, hint = hint, evidence = evidence }
  return { failure = json.object(FIELDS, values) }
end

--- The same for a failure of the library.
function answers.failed_with(problem)
  return answers.failed(problem.code, problem.message, failure.hint(problem), problem.evidence)
end

-- --- output of moonflash ----------------------------------------------------------------------------

--- The lines of `moonflash --json` in order: an array of tables. Other lines, which a script may print, are left out.
function answers.decode(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do
    local decoded = json.decode(line)
    if type(decoded) == "table" then lines[#lines + 1] = decoded end
  end
  return lines
end

local shown = {
  warning = function(event) return json.object({ "t", "code", "message" }, event) end,
  note = function(event) return json.object({ "t", "message" }, event) end,
}

--- Warnings and notes of the lines, as two arrays.
function answers.messages(lines)
  local found = { warning = {}, note = {} }
  for _, line in ipairs(lines) do
    local list = found[line.event]
    if list then list[#list + 1] = shown[line.event](line) end
  end
  return found.warning, found.note
end

--- The result among the lines: the last one.
function answers.result(lines)
  for index = #lines, 1, -1 do
    if lines[index].event == "result" then return lines[index] end
  end
end

--- The object that a command printed, with warnings, notes and its result as further fields. nil: there is no result.
function answers.object(lines)
  local answer, result = {}, answers.result(lines)
  if not result then return nil end
  for _, line in ipairs(lines) do
    if not line.event then answer = line end
  end
  answer.warnings, answer.notes = answers.messages(lines)
  answer.result = result
  if type(result.failure) == "table" then answer.failure = result.failure end
  return answer
end

-- --- secrets ----------------------------------------------------------------------------------------

-- A password may be before the last "@", a token behind "?".
local function public_url(scheme, rest)
  return scheme .. rest:gsub("[?#].*$", ""):gsub("^.*@", "")
end

local function public_text(text)
  return (text:gsub("(%a[%w+.-]*://)([^%s\"'<>]*)", public_url))
end

--- The same answer without passwords and queries of URLs.
function answers.without_secrets(value)
  if type(value) == "string" then return public_text(value) end
  if type(value) ~= "table" then return value end
  if value.keys and value.values and getmetatable(value) then
    answers.without_secrets(value.values)
    return value
  end
  for key, inner in pairs(value) do value[key] = answers.without_secrets(inner) end
  return value
end

return answers
