-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Failures: errors of the world outside, as values. Functions return `nil, failure`; a wrong argument raises an
-- error instead. All failures have one shape:
--
--     { code = "qdl.not_qdl",           for programs, from a closed list
--       message = "what happened",
--       evidence = "what was seen",     optional
--       hint = "what to do next",       the script's, else the code's default
--       step = "send images",           added by the engine
--       cause = failure }               optional, the failure beneath
--
-- A failure keeps, for the exit status, phase: that of the job it ended; image_opened: a download session had opened
-- an image. Failures made in C have the same metatable, which they find by its name, and their messages are in
-- moonflash.base.failure_codes.

local codes = require "moonflash.base.failure_codes"
local tables = require "moonflash.base.table"

local failure = {}

--- All codes, with their default hints.
failure.codes = codes.hints

local registry, NAME = debug.getregistry(), "moonflash.base.failure"
local meta = registry[NAME] or {}
registry[NAME] = meta

-- What the system does not permit, other programs do not cause.
local function is_denied(self)
  return self.code:find "^qmi%." and (self.evidence or ""):find("Permission denied", 1, true)
end

--- The hint of a failure: its own, else its code's.
function failure.hint(self)
  return self.hint or failure.codes[is_denied(self) and "port.denied" or self.code]
end

function meta.__tostring(self)
  local text = self.message
  if self.step then text = self.step .. ": " .. text end
  if self.evidence then text = text .. " (" .. self.evidence .. ")" end
  return text
end

--- Adds to the evidence of a failure.
-- @tparam table self
-- @tparam string part
function failure.add_evidence(self, part)
  self.evidence = (self.evidence and self.evidence .. "; " or "") .. part
end

-- Completes a failure made in C.
function meta.describe(self, subject, sent, total)
  local words = codes.messages[self.code] or codes.messages[self.code:match "[^.]+$"]
  self.message = words:format(subject)
  if total == 0 then return end
  failure.add_evidence(self, ("%.0f of %.0f bytes were sent"):format(sent, total))
end

--- Makes a failure. Raises for an unknown code, or without a message.
-- @tparam string code one of failure.codes
-- @tparam string message what happened, for people
-- @tparam[opt] table fields evidence, hint, step, cause, and any others
function failure.new(code, message, fields)
  if not failure.codes[code] then error("no such failure code: " .. tostring(code), 2) end
  if type(message) ~= "string" then error("a failure needs a message, a text", 2) end
  return setmetatable(tables.merge({ code = code, message = message }, fields), meta)
end

--- The failure of the second value that a script returned, after `nil`: a failure, or a text with the reason; nil for
-- any other value.
function failure.meant(value)
  if type(value) == "string" and value ~= "" then return failure.new("script.refused", value) end
  return failure.is(value) and value or nil
end

--- Whether a value is a failure.
function failure.is(value)
  return type(value) == "table" and getmetatable(value) == meta
end

--- Returns what a function returned, all of it, or raises the failure that it returned. A step or script that ends this
-- way fails with that failure.
-- @param value
-- @tparam ?table|string problem a failure, or a text as of io.open
function failure.try(value, problem, ...)
  local failed = value == nil and failure.meant(problem)
  if failed then error(failed, 0) end
  return value, problem, ...
end

return failure
