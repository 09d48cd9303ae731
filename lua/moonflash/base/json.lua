--- One JSON text of one value, with the keys of an object in the order its shape names them. cjson
-- does the strings; order, `null` for what is absent and `[]` for an empty list it cannot do.
-- @module moonflash.base.json

local cjson = require "cjson"

local json = {}

local List, Object = {}, {}

--- Says that a table is a list, also when it is empty.
-- @tparam[opt] table items
-- @treturn table the list
function json.list(items)
  return setmetatable(items or {}, List)
end

--- An object whose keys are written in this order; a key without a value is written as null.
-- @tparam table keys names in order
-- @tparam table values by name; values without a key are left out
-- @treturn table the object
function json.object(keys, values)
  return setmetatable({ keys = keys, values = values }, Object)
end

-- Lengths of well-formed UTF-8 sequences by their first byte.
local sequences = {
  { "[\194-\223]", "[\128-\191]" },
  { "[\224-\239]", "[\128-\191][\128-\191]" },
  { "[\240-\244]", "[\128-\191][\128-\191][\128-\191]" },
}

local function well_formed_length(text, at)
  if text:byte(at) < 0x80 then return 1 end
  for i, sequence in ipairs(sequences) do
    if text:find("^" .. sequence[1] .. sequence[2], at) then return i + 1 end
  end
end

-- What a modem or a file name says may be any bytes; JSON has to be UTF-8.
local function utf8(text)
  if not text:find "[\128-\255]" then return text end
  local parts, at = {}, 1
  while at <= #text do
    local length = well_formed_length(text, at)
    parts[#parts + 1] = length and text:sub(at, at + length - 1) or "\239\191\189"
    at = at + (length or 1)
  end
  return table.concat(parts)
end

-- cjson also escapes slashes, which nobody needs.
local function encode_string(text)
  return (cjson.encode(utf8(text)):gsub("\\/", "/"))
end

local encode

local function encode_list(items)
  local parts = {}
  for i, item in ipairs(items) do parts[i] = encode(item) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function member(name, value)
  return encode_string(name) .. ":" .. encode(value)
end

local function encode_object(object)
  local parts = {}
  for i, name in ipairs(object.keys) do parts[i] = member(name, object.values[name]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function encode_plain(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = tostring(name) end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = member(name, map[name]) end
  return "{" .. table.concat(names, ",") .. "}"
end

local function encode_table(value)
  local kind = getmetatable(value)
  if kind == Object then return encode_object(value) end
  if kind == List or #value > 0 then return encode_list(value) end
  return encode_plain(value)
end

local encoders = {
  ["nil"] = function() return "null" end,
  boolean = tostring,
  number = function(value) return ("%.0f"):format(value) end,
  string = encode_string,
  table = encode_table,
}

--- Encodes a value. Numbers are whole: sizes, times, counts.
-- @param value nil, boolean, number, string, list, object or a table with text keys
-- @treturn string JSON without a line end
function encode(value)
  local encoder = encoders[type(value)] or error("no JSON for a " .. type(value), 2)
  return encoder(value)
end
json.encode = encode

return json
