-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What the fuzz targets of Lua share: taking an input apart, and what may be said of values.
-- @module tests.fuzz.input

local failure = require "moonflash.base.failure"

local input = {}
input.__index = input

--- An input that is taken apart from its beginning; after its end all bytes are 0.
-- @tparam string data
function input.new(data)
  return setmetatable({ data = data, at = 1 }, input)
end

--- The next byte, or what it leaves when divided by a number.
function input:byte(below)
  local byte = self.data:byte(self.at) or 0
  self.at = self.at + 1
  return below and byte % below or byte
end

--- The next bytes, fewer at the end.
function input:bytes(count)
  local piece = self.data:sub(self.at, self.at + count - 1)
  self.at = self.at + count
  return piece
end

--- All that is left.
function input:rest()
  return self:bytes(#self.data)
end

--- Whether two values are the same, tables by what is in them.
function input.same(one, other)
  if type(one) ~= "table" or type(other) ~= "table" then return one == other end
  for key, value in pairs(one) do
    if not input.same(value, other[key]) then return false end
  end
  for key in pairs(other) do
    if one[key] == nil then return false end
  end
  return true
end

--- Raises unless a value is there, or nil and a failure that says what to do.
-- @return the value and the failure
function input.result(value, problem)
  if value ~= nil then return value end
  assert(failure.is(problem) and failure.hint(problem), "neither a value nor a failure")
  assert(#tostring(problem) > 0)
  return nil, problem
end

--- Raises unless a number is one that counts something.
function input.check_count(number)
  assert(number >= 0 and number < math.huge and number % 1 == 0, "no count: " .. tostring(number))
end

--- Raises if a text could move a terminal's cursor.
function input.check_text(text)
  assert(not text:find "%c", "control characters in a text: " .. ("%q"):format(text))
end

return input
