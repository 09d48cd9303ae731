--- What went wrong in the world outside, as a value. Functions return `nil, failure`; wrong callers
-- raise instead. One shape everywhere:
--
--     { code = "qdl.not_qdl",           for programs, from a closed list
--       message = "what happened",
--       evidence = "what was seen",     optional
--       hint = "what to do next",       the script's, else the code's default
--       step = "send images",           added by the engine
--       cause = failure }               optional, the failure beneath
--
-- Failures made in C have the same metatable, which is found by its name, and their messages from
-- moonflash.base.failure_messages.
-- @module moonflash.base.failure

local failure = {}

--- Every code there is, with its default hint: moonflash/base/failure_codes.lua. Others cannot be made.
failure.codes = require "moonflash.base.failure_codes"

local messages = require "moonflash.base.failure_messages"

local meta = debug.getregistry()["moonflash.base.failure"]
if not meta then
  meta = {}
  debug.getregistry()["moonflash.base.failure"] = meta
end

--- The hint of a failure: its own, else its code's.
function failure.hint(self)
  return self.hint or failure.codes[self.code]
end

function meta.__tostring(self)
  local text = self.message
  if self.step then text = self.step .. ": " .. text end
  if self.evidence then text = text .. " (" .. self.evidence .. ")" end
  return text
end

-- Completes a failure made in C.
function meta.describe(self, subject, sent, total)
  self.message = messages[self.code]:format(subject)
  if total == 0 then return end
  local part = ("%.0f of %.0f bytes were sent"):format(sent, total)
  self.evidence = self.evidence and self.evidence .. "; " .. part or part
end

--- Makes a failure.
-- @tparam string code one of failure.codes
-- @tparam string message what happened, for people
-- @tparam[opt] table fields evidence, hint, step, cause and whatever else programs may want
-- @treturn table the failure
-- @raise for another code, or without a message
function failure.new(code, message, fields)
  if not failure.codes[code] then error("no such failure code: " .. tostring(code), 2) end
  if type(message) ~= "string" then error("a failure needs a message: words for people", 2) end
  local self = { code = code, message = message }
  for name, value in pairs(fields or {}) do self[name] = value end
  return setmetatable(self, meta)
end

--- The failure that a script means by what it returns behind `nil`: a failure, or a text that says why.
-- @param value
-- @treturn ?table
function failure.meant(value)
  if type(value) == "string" and value ~= "" then return failure.new("script.refused", value) end
  return failure.is(value) and value or nil
end

--- Whether a value is a failure.
function failure.is(value)
  return type(value) == "table" and getmetatable(value) == meta
end

--- Hands on what a function returned, or ends the script with the failure it returned: what follows
-- may rely on the value. A step or script that ends so has failed with that failure.
-- @param value
-- @tparam ?table|string problem a failure, or a text as of io.open
-- @return value and all that follows it
function failure.try(value, problem, ...)
  local failed = value == nil and failure.meant(problem)
  if failed then error(failed, 0) end
  return value, problem, ...
end

return failure
