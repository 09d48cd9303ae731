-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- QMI messages as tables. A message is data:
--
--     { service = "dms", name = "set_operating_mode", id = 0x002e,
--       request = { mode = { 0x01, { "u8", names = { online = 0 } } } },     name = { TLV, FORMAT }
--       response = {} }
--
-- moonflash.protocol.qmi.codec lists the formats. A request field is required unless it says
-- `optional = true`. A response field is absent when the modem leaves it out. `personal = true` marks a
-- message whose values identify a subscriber or a modem, or are codes: traces contain none of its digits.

local bytes = require "moonflash.core.bytes"
local codec = require "moonflash.protocol.qmi.codec"
local failure = require "moonflash.base.failure"

local message = {}

local RESULT = 0x02
local result_format = { record = { { "status", "u16" }, { "error", "u16" } } }
local SHOWN = 48 -- bytes of a malformed value

--- Service numbers by name. Source: libqmi 1.32, QmiService (qmi-enums.h).
message.services = {
  ctl = 0x00, wds = 0x01, dms = 0x02, nas = 0x03, qos = 0x04, wms = 0x05, pds = 0x06, auth = 0x07,
  at = 0x08, voice = 0x09, cat2 = 0x0a, uim = 0x0b, pbm = 0x0c, qchat = 0x0d, rmtfs = 0x0e, test = 0x0f,
  loc = 0x10, sar = 0x11, ims = 0x12, adc = 0x13, csd = 0x14, mfs = 0x15, time = 0x16, ts = 0x17,
  tmd = 0x18, sap = 0x19, wda = 0x1a, tsync = 0x1b, rfsa = 0x1c, csvt = 0x1d, qcmap = 0x1e, imsp = 0x1f,
  imsvt = 0x20, imsa = 0x21, coex = 0x22, pdc = 0x24, stx = 0x26, bit = 0x27, imsrtp = 0x28, rfrpe = 0x29,
  dsd = 0x2a, ssctl = 0x2b, dpm = 0x2f, cat = 0xe0, rms = 0xe1, oma = 0xe2, fox = 0xe3, fota = 0xe6,
  gms = 0xe7, gas = 0xe8,
}

--- The number of a service by "dms", "DMS", 2 or "0x02"; nil when there is no such service.
function message.service_number(word)
  local number = message.services[tostring(word):lower()] or tonumber(word)
  return number and number >= 0 and number <= 255 and number % 1 == 0 and number or nil
end

--- The name of a service by its number; nil when it has none.
function message.service_name(service)
  for name, number in pairs(message.services) do
    if number == service then return name end
  end
end

local parts = { id = true, service = true, name = true, request = true, response = true, personal = true }

local function check_fields(fields, title)
  for name, field in pairs(fields or {}) do
    local where = title .. "." .. tostring(name)
    local tlv = type(field) == "table" and field[1]
    if type(tlv) ~= "number" or tlv < 0 or tlv > 255 or tlv % 1 ~= 0 then
      error(where .. ": a field is { TLV, FORMAT } with a TLV from 0 to 255", 0)
    end
    codec.check(field[2], where)
  end
end

local function check(entry, name)
  for part in pairs(entry) do
    if not parts[part] then error(name .. ": a message has no " .. tostring(part), 0) end
  end
  if type(entry.id) ~= "number" then error(name .. ": a message needs an id", 0) end
  check_fields(entry.request, name)
  check_fields(entry.response, name)
end

--- Defines messages of one service by name: sets name and service of each and checks the formats. Returns the messages.
-- Raises an error for an unknown service and for a message or format that is wrong.
function message.define(service, messages)
  if not message.services[service] and type(service) ~= "number" then
    error("no such QMI service: " .. tostring(service), 2)
  end
  for name, entry in pairs(messages) do
    entry.service, entry.name = service, name
    local ok, mistake = pcall(check, entry, name)
    if not ok then error(mistake, 2) end
  end
  return messages
end

--- A message for people: "dms set_operating_mode"; a message or service without a name by its number.
function message.title(entry)
  local service = entry.service
  if not message.services[service] then
    local number = message.service_number(service)
    service = message.service_name(number) or tostring(number)
  end
  return service .. " " .. (entry.name or "0x" .. bytes.hex_number(entry.id, 4))
end

local function by_tlv(left, right)
  return left[1] < right[1]
end

--- The TLVs of a request from the values of its fields: { { number, bytes }, ... } in the order of their numbers.
-- Raises a text when a field is missing, unknown or does not fit its format.
function message.request(entry, values)
  if type(entry) ~= "table" or not entry.id then
    error("a QMI message expected (of flash.dms or flash.qmi.messages), got " .. type(entry), 0)
  end
  local title, fields, tlvs = message.title(entry), entry.request or {}, {}
  values = values or {}
  for name in pairs(values) do
    if not fields[name] then error(title .. " has no field " .. tostring(name), 0) end
  end
  for name, field in pairs(fields) do
    local value = values[name]
    if value ~= nil then
      tlvs[#tlvs + 1] = { field[1], codec.encode(field[2], value, title .. ": " .. name, true) }
    elseif not field.optional then
      error(title .. " needs the field " .. name, 0)
    end
  end
  table.sort(tlvs, by_tlv)
  return tlvs
end

--- A failure: a part of an answer is missing, or its bytes `data` cannot be read.
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

-- The name of an error in libqmi.
local function error_name(number)
  local loaded, core = pcall(require, "moonflash.core.qmi")
  return loaded and core.error_name(number) or "error"
end

--- Reads the result, which is in every answer. Returns true, or nil and a failure: qmi.refused with `error` (number)
-- and `error_name`, or qmi.malformed.
function message.result(tlvs, title)
  local data = tlvs[RESULT]
  local result = data and codec.decode(result_format, data, 1, true)
  if not result then return nil, message.malformed(title, "result", data) end
  if result.status == 0 then return true end
  local name = error_name(result.error)
  return nil, failure.new("qmi.refused", title .. ": the modem refuses", {
    error = result.error, error_name = name, evidence = ("%s (%d)"):format(name, result.error),
    hint = hints[name],
  })
end

--- The fields of an answer to a message, from its TLVs by number; or nil and a failure as of message.result.
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
