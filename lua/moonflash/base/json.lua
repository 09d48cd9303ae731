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

local encode

local function encode_list(items)
  local parts = {}
  for index, item in ipairs(items) do parts[index] = encode(item) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_members(keys, values)
  local parts = {}
  for index, key in ipairs(keys) do parts[index] = encode_string(key) .. ":" .. encode(values[key]) end
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
function encode(value)
  local encoder = encoders[type(value)] or error("no JSON for a " .. type(value), 2)
  return encoder(value)
end
json.encode = encode

--- The value of a text; nil when the text is not JSON.
function json.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if ok then return value end
end

--- Removes the fields that are null from a value of json.decode, in place and at every depth. Returns the value.
function json.without_null(value)
  if type(value) ~= "table" then return value end
  for key, inner in pairs(value) do
    if inner == cjson.null then value[key] = nil else json.without_null(inner) end
  end
  return value
end

return json
