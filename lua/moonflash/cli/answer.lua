--- The answer to a QMI request, for people and as JSON: its fields if the message is known, else
-- its TLVs in hex.
-- @module moonflash.cli.answer

local json = require "moonflash.base.json"
local tables = require "moonflash.base.table"

local answer = {}

local RESULT = 0x02

-- TLVs in hex by number, without the result, which has been looked at.
local function in_hex(tlvs, bytes)
  local values = {}
  for number, data in pairs(tlvs) do
    if number ~= RESULT then values["0x" .. bytes.hex_number(number, 2)] = bytes.hex(data) end
  end
  return tables.sorted_keys(values), values
end

-- A decoded value with its lists marked as lists and its bytes in hex.
local function typed(format, value, bytes)
  if type(value) == "string" and format == "bytes" then return bytes.hex(value) end
  if type(value) ~= "table" or type(format) ~= "table" then return value end
  local made = {}
  for _, field in ipairs(format.record or {}) do made[field[1]] = typed(field[2], value[field[1]], bytes) end
  for i, item in ipairs(format.list and value or {}) do made[i] = typed(format.list, item, bytes) end
  return (format.list or format.record) and made or value
end

local function say(out, indent, name, value)
  if type(value) ~= "table" then return out:say(("%s%s: %s"):format(indent, name, tostring(value))) end
  out:say(("%s%s:%s"):format(indent, name, next(value) == nil and " none" or ""))
  for _, inner in ipairs(tables.sorted_keys(value)) do say(out, indent .. "  ", tostring(inner), value[inner]) end
end

local function fields_of(message, decoded, bytes)
  local fields = {}
  for name, value in pairs(decoded) do fields[name] = typed(message.response[name][2], value, bytes) end
  return fields
end

--- Shows an answer.
-- @tparam table out the output
-- @tparam table message the request's
-- @tparam table tlvs of the answer
-- @tparam table use the services
-- @treturn table|nil a failure: the answer cannot be read
function answer.show(out, message, tlvs, use)
  local fields, problem
  if message.response then
    fields, problem = use.qmi_message.answer(message, tlvs)
    if not fields then return problem end
    fields = fields_of(message, fields, use.bytes)
  end
  local keys, hex = in_hex(tlvs, use.bytes)
  out:object(json.object({ "v", "service", "message", "id", "fields", "tlvs" }, {
    v = 1, service = message.service, message = message.name,
    id = "0x" .. use.bytes.hex_number(message.id, 4),
    fields = fields and json.object(tables.sorted_keys(fields), fields), tlvs = json.object(keys, hex),
  }))
  local shown = fields or hex
  for _, name in ipairs(tables.sorted_keys(shown)) do say(out, "", name, shown[name]) end
  if next(shown) == nil then out:say "done" end
end

return answer
