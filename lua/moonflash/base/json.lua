-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- JSON: one encoder with a fixed order of keys, one decoder. lua-cjson decodes and escapes strings; it cannot
-- order keys, write `null` for an absent field, or write an empty table as a list.

local cjson = require "cjson"
local tables = require "moonflash.base.table"

local json = {}

local Object = {}

--- An object whose keys are written in the order of the list `keys`. A key without a value is written as null; values
-- whose name is not in `keys` are left out.
function json.object(keys, values)
  return setmetatable({ keys = keys, values = values }, Object)
end

-- These keys of a plain table come first, the others follow in alphabetical order.
local rank = {}
for index, key in ipairs { "t", "event", "if", "dir", "state", "step", "code", "message" } do rank[key] = index end

local function comes_before(a, b)
  local one, other = rank[a] or math.huge, rank[b] or math.huge
  if one ~= other then return one < other end
  return a < b
end

-- Well-formed UTF-8 sequences of 2, 3 and 4 bytes.
local sequences = {
  "^[\194-\223][\128-\191]", "^[\224-\239][\128-\191][\128-\191]", "^[\240-\244][\128-\191][\128-\191][\128-\191]",
}

local function length_of_character(text, at)
  if text:byte(at) < 0x80 then return 1 end
  for index, sequence in ipairs(sequences) do
    if text:find(sequence, at) then return index + 1 end
  end
end

-- A modem's texts and file names may be any bytes, JSON has to be UTF-8: other bytes become U+FFFD.
local function utf8(text)
  if not text:find "[\128-\255]" then return text end
  local parts, at = {}, 1
  while at <= #text do
    local length = length_of_character(text, at)
    parts[#parts + 1] = length and text:sub(at, at + length - 1) or "\239\191\189"
    at = at + (length or 1)
  end
  return table.concat(parts)
end

-- lua-cjson also escapes slashes, which JSON does not require.
local function encode_string(text)
  return (cjson.encode(utf8(text)):gsub("\\/", "/"))
end

-- "%d" cannot hold 2^31 and above in every Lua.
local function encode_number(number)
  return (number % 1 == 0 and "%.0f" or "%.14g"):format(number)
end

local function encode_list(items)
  local parts = {}
  for index, item in ipairs(items) do parts[index] = json.encode(item) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_members(keys, values)
  local parts = {}
  for index, key in ipairs(keys) do parts[index] = encode_string(key) .. ":" .. json.encode(values[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function encode_table(value)
  if getmetatable(value) == Object then return encode_members(value.keys, value.values) end
  if #value > 0 or next(value) == nil then return encode_list(value) end
  return encode_members(tables.sorted_keys(value, comes_before), value)
end

local function null() return "null" end

local encoders = {
  ["nil"] = null, userdata = null, boolean = tostring, number = encode_number, string = encode_string,
  table = encode_table,
}

--- Encodes a value, without a line end: nil, a decoded null, boolean, number, string, list, json.object, or a table
-- with text keys. An empty table is an empty list.
function json.encode(value)
  local encoder = encoders[type(value)] or error("no JSON for a " .. type(value), 2)
  return encoder(value)
end

-- A decoded value with `no_value` for each null, in place. To Lua 5.4 the numbers of lua-cjson are floats: "3.0".
local function completed(value, no_value)
  if value == cjson.null then return no_value end
  if type(value) == "number" and value % 1 == 0 then return math.floor(value) end
  if type(value) == "table" then
    for key, inner in pairs(value) do value[key] = completed(inner, no_value) end
  end
  return value
end

--- The value of a text, `without_null` without the fields that are null, at every depth; nil when it is not JSON.
function json.decode(text, without_null)
  local ok, value = pcall(cjson.decode, text)
  if ok then return completed(value, not without_null and cjson.null or nil) end
end

return json
