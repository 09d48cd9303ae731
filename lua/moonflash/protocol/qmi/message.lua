--- QMI messages as tables. A message is data:
--
--     { service = "dms", name = "set_operating_mode", id = 0x002e,
--       request = { mode = { 0x01, { "u8", names = { online = 0 } } } },     name = { TLV, FORMAT }
--       response = {} }
--
-- moonflash.protocol.qmi.codec lists the formats. A request field is required unless it says
-- `optional = true`. A response field is absent when the modem leaves it out. `personal = true` marks a
-- message whose values identify a subscriber or a modem, or are codes: traces contain none of its digits.
-- @module moonflash.protocol.qmi.message

local bytes = require "moonflash.core.bytes"
local codec = require "moonflash.protocol.qmi.codec"
local failure = require "moonflash.base.failure"
local names = require "moonflash.protocol.qmi.names"

local message = {}

local RESULT = 0x02
local result_format = { record = { { "status", "u16" }, { "error", "u16" } } }
local SHOWN = 48 -- bytes of a malformed value

local parts = { id = true, service = true, name = true, request = true, response = true, personal = true }

-- Each of these returns the first mistake in a definition as a text, or nil.

local function mistake_in_fields(fields, title)
  for name, field in pairs(fields or {}) do
    local where = title .. "." .. tostring(name)
    local tlv = type(field) == "table" and field[1]
    if type(tlv) ~= "number" or tlv < 0 or tlv > 255 or tlv % 1 ~= 0 then
      return where .. ": a field is { TLV, FORMAT } with a TLV from 0 to 255"
    end
    local mistake = codec.check(field[2], where)
    if mistake then return mistake end
  end
end

local function mistake_in(entry, name)
  for part in pairs(entry) do
    if not parts[part] then return name .. ": a message has no " .. tostring(part) end
  end
  if type(entry.id) ~= "number" then return name .. ": a message needs an id" end
  return mistake_in_fields(entry.request, name) or mistake_in_fields(entry.response, name)
end

--- Defines messages of one service: sets name and service of each and checks the formats.
-- @tparam string|number service
-- @tparam {[string]=table,...} messages by name
-- @treturn table the messages
-- @raise for an unknown service and for a message or format that is wrong
function message.define(service, messages)
  if not names.services[service] and type(service) ~= "number" then
    error("no such QMI service: " .. tostring(service), 2)
  end
  for name, entry in pairs(messages) do
    entry.service, entry.name = service, name
    local mistake = mistake_in(entry, name)
    if mistake then error(mistake, 2) end
  end
  return messages
end

--- A message for people: "dms set_operating_mode"; a message or service without a name by its number.
function message.title(entry)
  local number = names.service_number(entry.service)
  local service = names.service_name(number) or tostring(number)
  return service .. " " .. (entry.name or "0x" .. bytes.hex_number(entry.id, 4))
end

local function by_tlv(left, right)
  return left[1] < right[1]
end

local function unknown_field(entry, values)
  for name in pairs(values) do
    if not (entry.request or {})[name] then return name end
  end
end

-- The TLV of one field; nil when the request leaves it out; nil and a text when it may not, or does not fit.
local function tlv_of(field, value, name, title)
  if value == nil then return nil, not field.optional and title .. " needs the field " .. name or nil end
  local data, mistake = codec.encode(field[2], value, title .. ": " .. name, true)
  return data and { field[1], data }, mistake
end

--- The TLVs of a request, in the order of their numbers.
-- @tparam table entry the message
-- @tparam[opt] table values fields of the request
-- @treturn {{number,string},...} or nil and a text: a field is missing, unknown or does not fit its format
function message.request(entry, values)
  if type(entry) ~= "table" or not entry.id then
    return nil, "a QMI message expected (of flash.dms or flash.qmi.messages), got " .. type(entry)
  end
  local tlvs, title = {}, message.title(entry)
  values = values or {}
  local unknown = unknown_field(entry, values)
  if unknown then return nil, title .. " has no field " .. tostring(unknown) end
  for name, field in pairs(entry.request or {}) do
    local tlv, mistake = tlv_of(field, values[name], name, title)
    if mistake then return nil, mistake end
    tlvs[#tlvs + 1] = tlv
  end
  table.sort(tlvs, by_tlv)
  return tlvs
end

--- A failure: a part of an answer is missing or cannot be read.
-- @tparam string title of the message
-- @tparam string what the part
-- @tparam[opt] string data its bytes
function message.malformed(title, what, data)
  local seen = " is missing"
  if data then seen = ": " .. bytes.hex(data:sub(1, SHOWN)) .. (#data > SHOWN and " ..." or "") end
  return failure.new("qmi.malformed", title .. ": the answer cannot be read", { evidence = what .. seen })
end

-- Hints for errors whose name says everything.
local hints = {
  ClientIdsExhausted = "`moonflash update` and `recover` free the client ids; so does a power-cycle",
  DeviceStorageFull = "name a slot to use with --storage-index, or delete a stored image: "
    .. "`moonflash at 'AT!IMAGE=0'` keeps the running one only",
  DeviceNotReady = "the modem has just started: run the same command again in a few seconds",
}

--- Reads the result, which is in every answer.
-- @tparam {[number]=string,...} tlvs of the answer
-- @tparam string title of the message, for people
-- @treturn boolean true, or nil and a failure: qmi.refused with `error` (number) and `error_name`,
-- or qmi.malformed
function message.result(tlvs, title)
  local data = tlvs[RESULT]
  local result = data and codec.decode(result_format, data, 1, true)
  if not result then return nil, message.malformed(title, "result", data) end
  if result.status == 0 then return true end
  local name = names.errors[result.error] or "error"
  return nil, failure.new("qmi.refused", title .. ": the modem refuses", {
    error = result.error, error_name = name, evidence = ("%s (%d)"):format(name, result.error),
    hint = hints[name],
  })
end

--- The fields of an answer.
-- @tparam table entry the message
-- @tparam {[number]=string,...} tlvs
-- @treturn table the fields, or nil and a failure as of message.result
function message.answer(entry, tlvs)
  local title = message.title(entry)
  local ok, problem = message.result(tlvs, title)
  if not ok then return nil, problem end
  local answer = {}
  for name, field in pairs(entry.response or {}) do
    local data = tlvs[field[1]]
    if data then
      answer[name] = codec.decode(field[2], data, 1, true)
      if answer[name] == nil then return nil, message.malformed(title, name, data) end
    end
  end
  return answer
end

return message
