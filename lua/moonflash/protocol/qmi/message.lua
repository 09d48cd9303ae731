--- QMI messages as tables. A message is data:
--
--     { service = "dms", name = "set_operating_mode", id = 0x002e,
--       request = { mode = { 0x01, { "u8", names = { online = 0 } } } },     name = { TLV, FORMAT }
--       response = {} }
--
-- with the formats of moonflash.protocol.qmi.codec. A field of a request is required unless it says
-- `optional = true`; a field of a response is absent when the modem leaves it out.
-- @module moonflash.protocol.qmi.message

local bytes = require "moonflash.core.bytes"
local codec = require "moonflash.protocol.qmi.codec"
local errors = require "moonflash.protocol.qmi.names"
local failure = require "moonflash.base.failure"
local later = require "moonflash.base.later"
local services = require "moonflash.protocol.qmi.services"

local blame = later "moonflash.engine.blame"

local message = {}

local RESULT = 0x02
local result_format = { record = { { "status", "u16" }, { "error", "u16" } } }
local SHOWN = 48 -- bytes of a malformed value

local parts = { id = true, service = true, name = true, request = true, response = true }

local function check_fields(fields, title)
  for name, field in pairs(fields) do
    local where = title .. "." .. tostring(name)
    local tlv = type(field) == "table" and field[1]
    if type(tlv) ~= "number" or tlv < 0 or tlv > 255 or tlv % 1 ~= 0 then
      blame.caller(where .. ": a field is { TLV, FORMAT } with a TLV from 0 to 255")
    end
    codec.check(field[2], where)
  end
end

--- Makes messages of one service ready for use: gives each its name and service and checks its
-- formats; raises when one is wrong.
-- @tparam string|number service
-- @tparam {[string]=table,...} messages by name
-- @treturn table the messages
function message.define(service, messages)
  if not services[service] and type(service) ~= "number" then
    blame.caller("no such QMI service: " .. tostring(service))
  end
  for name, entry in pairs(messages) do
    entry.service, entry.name = service, name
    for part in pairs(entry) do
      if not parts[part] then blame.caller(name .. ": a message has no " .. tostring(part)) end
    end
    if type(entry.id) ~= "number" then blame.caller(name .. ": a message needs an id") end
    check_fields(entry.request or {}, name)
    check_fields(entry.response or {}, name)
  end
  return messages
end

--- The name of a service, or its number when it has none.
-- @tparam number service
-- @treturn string
function message.service_name(service)
  for name, number in pairs(services) do
    if number == service then return name end
  end
  return tostring(service)
end

--- "dms set_operating_mode", or the number of a message without a name.
function message.title(entry)
  return message.service_name(entry.service) .. " " .. (entry.name or "0x" .. bytes.hex_number(entry.id, 4))
end

local function by_tlv(left, right)
  return left[1] < right[1]
end

--- The TLVs of a request, in the order of their numbers. Raises when a field is missing, unknown
-- or does not fit its format.
-- @tparam table entry the message
-- @tparam[opt] table values fields of the request
-- @treturn {{number,string},...}
function message.request(entry, values)
  if type(entry) ~= "table" or not entry.id then
    blame.caller("a QMI message expected (of flash.dms or flash.qmi.messages), got " .. type(entry))
  end
  local fields, tlvs = entry.request or {}, {}
  values = values or {}
  for name in pairs(values) do
    if not fields[name] then blame.caller(message.title(entry) .. " has no field " .. tostring(name)) end
  end
  for name, field in pairs(fields) do
    if values[name] == nil and not field.optional then
      blame.caller(message.title(entry) .. " needs the field " .. name)
    elseif values[name] ~= nil then
      local where = message.title(entry) .. ": " .. name
      tlvs[#tlvs + 1] = { field[1], codec.encode(field[2], values[name], where, true) }
    end
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

-- What to do about errors that say it all.
local cures = {
  ClientIdsExhausted = "`moonflash update` and `recover` free the client ids; so does a power-cycle",
  DeviceStorageFull = "name a slot to use with --storage-index, or delete a stored image: "
    .. "`moonflash at 'AT!IMAGE=0'` keeps the running one only",
  DeviceNotReady = "the modem has just started: run the same command again in a few seconds",
}

--- Reads the result that every answer carries.
-- @tparam {[number]=string,...} tlvs of the answer
-- @tparam string title of the message, for people
-- @treturn boolean true, or nil and a failure: qmi.refused with `error` (number) and `error_name`,
-- or qmi.malformed
function message.result(tlvs, title)
  local data = tlvs[RESULT]
  local result = data and codec.decode(result_format, data, 1, true)
  if not result then return nil, message.malformed(title, "result", data) end
  if result.status == 0 then return true end
  local name = errors[result.error] or "error"
  return nil, failure.new("qmi.refused", title .. ": the modem refuses", {
    error = result.error, error_name = name, evidence = ("%s (%d)"):format(name, result.error),
    hint = cures[name],
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
