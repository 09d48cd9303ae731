--- Lines of a trace: JSON objects whose keys stand in one order, so that people can read them and
-- two traces can be compared.
-- @module moonflash.base.json_line

local cjson = require "cjson"

local line = {}

local first = { "t", "event", "if", "dir", "state", "step", "code", "message" }
local rank = {}
for index, key in ipairs(first) do rank[key] = index end

local function before(a, b)
  local one, other = rank[a] or #first + 1, rank[b] or #first + 1
  if one ~= other then return one < other end
  return a < b
end

local encode

local function encode_list(items)
  local parts = {}
  for index, item in ipairs(items) do parts[index] = encode(item) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_object(fields)
  local keys = {}
  for key in pairs(fields) do keys[#keys + 1] = key end
  table.sort(keys, before)
  for index, key in ipairs(keys) do keys[index] = cjson.encode(key) .. ":" .. encode(fields[key]) end
  return "{" .. table.concat(keys, ",") .. "}"
end

function encode(value)
  if type(value) == "number" then return ("%.14g"):format(value) end
  if type(value) == "string" then return (cjson.encode(value):gsub("\\/", "/")) end
  if type(value) ~= "table" then return tostring(value) end
  if #value > 0 or next(value) == nil then return encode_list(value) end
  return encode_object(value)
end

--- An object as one line. An empty table is an empty list.
-- @tparam table fields
-- @treturn string without the line end
line.encode = encode

--- The object of a line.
-- @tparam string text
-- @treturn table, or nil when it is none
function line.decode(text)
  local ok, fields = pcall(cjson.decode, text)
  return ok and type(fields) == "table" and fields or nil
end

return line
