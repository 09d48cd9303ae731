-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Formats of QMI values: Lua values to bytes and back, little-endian.
--
--     "u8" "u16" "u32"                          an unsigned number
--     "i8" "i16" "i32"                          a signed number
--     { "u8", names = { online = 0 } }          a name; a number without a name stays a number
--     { "u16", bits = { host_image = 1 } }      a set: { host_image = true }
--     "text" "bytes"                            as a whole TLV: all of it; inside records and lists:
--                                               with one length byte before it
--     { "text", size = 16 }                     of this size, padded with zeros
--     { list = FORMAT }                         one count byte, then the elements
--     { record = { { "name", FORMAT }, ... } }  fields in this order
--
-- Decoding is safe on any bytes.

local bytes = require "moonflash.core.bytes"
local tables = require "moonflash.base.table"

local codec = {}

local kinds = {}

local function kind_of(format)
  if type(format) == "string" then return format, {} end
  return format.list and "list" or format.record and "record" or format[1], format
end

-- The meaning of a number: a name, a set of names, or the number itself.
local function named(format, number)
  if format.bits then
    local set = {}
    for name, bit in pairs(format.bits) do
      if math.floor(number / bit) % 2 == 1 then set[name] = true end
    end
    return set
  end
  for name, value in pairs(format.names or {}) do
    if value == number then return name end
  end
  return number
end

-- The number of a set of names; nil when it is no such set.
local function sum_of(bits, set)
  local sum = 0
  for name, is_in in pairs(set) do
    if not bits[name] or type(is_in) ~= "boolean" then return nil end
    sum = sum + (is_in and bits[name] or 0)
  end
  return sum
end

-- The number of a name or of a set of names, or the number itself; nil when there is none.
local function number_of(format, value)
  if type(value) == "table" and format.bits then return sum_of(format.bits, value) end
  if type(value) == "string" then return (format.names or {})[value] end
  return value
end

-- The known names, for an error message.
local function choices(format)
  local names = tables.sorted_keys(format.names or format.bits or {})
  return names[1] and "; there are: " .. table.concat(names, " ") or ""
end

local function number_kind(size, pack, unpack, signed)
  local all = math.floor(256 ^ size)
  local least, most = signed and -all / 2 or 0, signed and all / 2 - 1 or all - 1
  local function decode(format, data, at)
    local value = unpack(data, at)
    if not value then return nil end
    return named(format, value > most and value - all or value), at + size
  end
  local function encode(format, value, where)
    local number = number_of(format, value)
    if type(number) ~= "number" or number < least or number > most or number % 1 ~= 0 then
      error(("%s: %s does not fit %d bits%s"):format(where, tostring(value), size * 8, choices(format)), 0)
    end
    return pack(number < 0 and number + all or number)
  end
  return { encode = encode, decode = decode }
end

for size, names in pairs { { "u8", "u8" }, { "u16", "u16le" }, [4] = { "u32", "u32le" } } do
  local pack, unpack = bytes[names[2]], bytes["get_" .. names[2]]
  kinds[names[1]] = number_kind(size, pack, unpack)
  kinds[names[1]:gsub("u", "i")] = number_kind(size, pack, unpack, true)
end

-- A text is padded with zeros.
local function string_kind(is_text)
  local function encode(format, value, where, whole)
    if type(value) ~= "string" then error(where .. ": text expected", 0) end
    local size = format.size or (whole and 65535 or 255)
    if #value > size then error(("%s: longer than %.0f bytes"):format(where, size), 0) end
    if format.size then return value .. ("\0"):rep(size - #value) end
    return whole and value or bytes.u8(#value) .. value
  end
  local function decode(format, data, at, whole)
    local size = format.size
    if not size then
      if whole then size = #data - at + 1 else size, at = bytes.get_u8(data, at), at + 1 end
    end
    if not size or at + size - 1 > #data then return nil end
    local value = data:sub(at, at + size - 1)
    return is_text and value:gsub("%z+$", "") or value, at + size
  end
  return { encode = encode, decode = decode }
end

kinds.text, kinds.bytes = string_kind(true), string_kind(false)

kinds.list = {
  encode = function(format, value, where)
    local count = type(value) == "table" and tables.maxn(value) or 256
    if count > 255 then error(where .. ": a list of at most 255 expected", 0) end
    local parts = { bytes.u8(count) }
    for index = 1, count do
      parts[index + 1] = codec.encode(format.list, value[index], ("%s[%d]"):format(where, index))
    end
    return table.concat(parts)
  end,
  decode = function(format, data, at)
    local count, list = bytes.get_u8(data, at), {}
    if not count then return nil end
    at = at + 1
    for index = 1, count do
      list[index], at = codec.decode(format.list, data, at)
      if list[index] == nil then return nil end
    end
    return list, at
  end,
}

kinds.record = {
  encode = function(format, value, where)
    if type(value) ~= "table" then error(where .. ": a record expected", 0) end
    local parts = {}
    for index, field in ipairs(format.record) do
      parts[index] = codec.encode(field[2], value[field[1]], where .. "." .. field[1])
    end
    return table.concat(parts)
  end,
  decode = function(format, data, at)
    local record = {}
    for _, field in ipairs(format.record) do
      record[field[1]], at = codec.decode(field[2], data, at)
      if record[field[1]] == nil then return nil end
    end
    return record, at
  end,
}

--- Raises a text for what is no format; `where` is the name of the value.
function codec.check(format, where)
  local ok = type(format) == "string" or type(format) == "table"
  local kind, details = kind_of(ok and format or {})
  if not kinds[kind] then
    error(where .. ": no such format" .. (type(kind) == "string" and ": " .. kind or ""), 0)
  end
  if kind == "list" then codec.check(details.list, where .. "[]") end
  for _, field in ipairs(kind == "record" and details.record or {}) do
    codec.check(field[2], where .. "." .. tostring(field[1]))
  end
end

--- The bytes of a value, with `whole` as a TLV of its own. Raises a text with its name `where` when the value does not
-- fit its format.
function codec.encode(format, value, where, whole)
  local kind, details = kind_of(format)
  return kinds[kind].encode(details, value, where, whole)
end

--- Reads a value from the byte `at` on, with `whole` as a TLV of its own. Returns the value, and the position after it;
-- nil when the bytes end too early.
function codec.decode(format, data, at, whole)
  local kind, details = kind_of(format)
  return kinds[kind].decode(details, data, at, whole)
end

return codec
