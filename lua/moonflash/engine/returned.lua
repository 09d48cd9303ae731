--- What foreign code says by what it returned: a script, the function that a script returned, or the work
-- of a step. What can only be a mistake is none of success.
-- @module moonflash.engine.returned

local failure = require "moonflash.base.failure"

local returned = {}

local MEANT = "let it return nothing, nil and what is wrong, a result, a function, or flash.model { ... }"
local MEANT_BY_STEP = "let it return true, or nil and what is wrong"

-- Also the null of JSON.
local function is_nothing(value)
  return value == nil or type(value) == "userdata"
end

--- Whether a value is a result, as flash.update and its kind return one.
-- @param value
-- @treturn boolean
function returned.is_result(value)
  if type(value) ~= "table" or type(value.ok) ~= "boolean" then return false end
  if type(value.exit) ~= "number" then return false end
  if value.ok then return (value.exit == 0 or value.exit == 2) and is_nothing(value.failure) end
  return value.exit > 0 and value.exit < 256 and value.exit % 1 == 0 and type(value.failure) == "table"
    and type(value.failure.message) == "string"
end

-- A result of another process has a failure of plain fields.
local function failure_of(result)
  local found = result.failure
  if result.ok then return nil end
  if failure.is(found) then return found end
  return failure.new(failure.codes[found.code] and found.code or "script.refused", found.message,
    { evidence = found.evidence, hint = found.hint })
end

local function quoted(text) return ("%q"):format(text) end

local words = { number = tostring, boolean = tostring, string = quoted }

-- What was returned that can only be a mistake, in words; nil when it need not be one.
local function mistake(value, detail)
  if value == nil then return detail ~= nil and "nil and " .. (words[type(detail)] or type)(detail) or nil end
  if value == true or getmetatable(value) and type(value) == "table" then return nil end
  if type(value) ~= "table" then return words[type(value)] and words[type(value)](value) end
  if value.ok ~= nil or value.exit ~= nil then return "a table with ok or exit that is no result" end
  if value.usb or value.family then return "a table that is no model" end
  return type(value[1]) == "table" and value[1].run and "a list of steps" or nil
end

local function nonsense(where, what, hint)
  return failure.new("script.invalid", ("%s returned %s"):format(where, what), { hint = hint })
end

--- The failure that a script, or the function it returned, means.
-- @tparam string where what returned it, for people
-- @param value what it returned
-- @param detail what it returned behind that
-- @tparam[opt] string hint what it may return
-- @treturn ?table its own failure, that of the result it returned, or script.invalid; nil when there is none
function returned.failure(where, value, detail, hint)
  if returned.is_result(value) then return failure_of(value) end
  if failure.is(value) then return value end
  if type(value) == "table" and value.ok == false and failure.is(value.failure) then return value.failure end
  local refused = value == nil and failure.meant(detail)
  if refused then return refused end
  local what = mistake(value, detail)
  return what and nonsense(where, what, hint or MEANT) or nil
end

--- The failure that the work of a step means: all is well only when it returns something.
-- @tparam string where as of returned.failure
-- @param value what it returned
-- @param detail what it returned behind that
-- @treturn ?table as of returned.failure
function returned.of_step(where, value, detail)
  if value == nil and detail == nil then return nonsense(where, "nil", MEANT_BY_STEP) end
  return returned.failure(where, value, detail, MEANT_BY_STEP)
end

return returned
