-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Invariant: any TLVs as the answer to any message give its fields or a failure, never an error; a value
-- that was decoded is encoded to bytes that mean the same, the same bytes where the format loses nothing;
-- a request decodes to the values it was made of, and a wrong value is refused with a text of ours.
--
-- The input: which message, TLVs as on the wire; what is left makes the values of a request.
local bytes = require "moonflash.core.bytes"
local codec = require "moonflash.protocol.qmi.codec"
local ctl = require "moonflash.protocol.qmi.ctl"
local dms = require "moonflash.protocol.qmi.dms"
local input = require "tests.fuzz.input"
local message = require "moonflash.protocol.qmi.message"

-- --- every message there is, and some with all that formats can say ----------------------------

local set = { "u32", bits = { one = 1, high = 2147483648 } }
local deep = { list = { record = {
  { "name", "text" }, { "parts", { list = { list = "bytes" } } },
  { "kind", { "u16", names = { none = 0 } } },
} } }

local function same_both_ways(fields)
  return { id = 1, request = fields, response = fields }
end

local own = message.define("test", {
  numbers = same_both_ways { a = { 0x01, "u8" }, b = { 0x10, "u16" }, c = { 0x11, "u32" },
    d = { 0x12, set } },
  texts = same_both_ways { a = { 0x01, "text" }, b = { 0x10, "bytes" }, c = { 0x11, { "text", size = 5 } },
    d = { 0x12, { "bytes", size = 3 } } },
  nested = same_both_ways { a = { 0x01, deep },
    b = { 0x10, { record = { { "set", set }, { "in_it", deep } } } } },
})

local messages = {}
for _, service in ipairs { ctl, dms, own } do
  for _, entry in pairs(service) do messages[#messages + 1] = entry end
end
table.sort(messages, function(a, b) return message.title(a) < message.title(b) end)

-- --- answers -------------------------------------------------------------------------------------

local function take_tlvs(from)
  local tlvs = {}
  for _ = 1, from:byte(16) do
    local number, length = from:byte(), from:byte() + from:byte() * 256
    tlvs[number] = from:bytes(length)
  end
  return tlvs
end

-- Whether decoding leaves nothing out; the padding of a text and bits without a name are.
local function is_lossless(format)
  if type(format) == "string" then return format ~= "text" end
  if format.list then return is_lossless(format.list) end
  for _, field in ipairs(format.record or {}) do
    if not is_lossless(field[2]) then return false end
  end
  return format[1] ~= "text" and not format.bits
end

local function check_decoding(format, data)
  local value, after = codec.decode(format, data, 1, true)
  if value == nil then return end
  assert(after >= 1 and after <= #data + 1, "beyond the end")
  local again = codec.encode(format, value, "value", true)
  local same, last = codec.decode(format, again, 1, true)
  assert(last == #again + 1 and input.same(value, same), "another value")
  assert(not is_lossless(format) or again == data:sub(1, after - 1), "other bytes")
end

local function check_answer(entry, tlvs)
  local answer, problem = input.result(message.answer(entry, tlvs))
  assert(answer or problem.code == "qmi.refused" or problem.code == "qmi.malformed")
  for _, data in pairs(tlvs) do
    for _, field in pairs(entry.response or {}) do check_decoding(field[2], data) end
  end
end

-- --- requests ------------------------------------------------------------------------------------

local function some_key(from, map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys[from:byte(#keys) + 1]
end

local makers = {}

local function make(from, format, whole)
  if type(format) == "string" then return makers[format](from, {}, whole) end
  return makers[format.list and "list" or format.record and "record" or format[1]](from, format, whole)
end

local function number_maker(size)
  return function(from, format)
    if format.names and from:byte(2) == 0 then return some_key(from, format.names) end
    if format.bits then return { [some_key(from, format.bits)] = true } end
    local number = 0
    for _ = 1, size do number = number * 256 + from:byte() end
    return number
  end
end

makers.u8, makers.u16, makers.u32 = number_maker(1), number_maker(2), number_maker(4)

function makers.bytes(from, format, whole)
  local data = from:bytes(format.size or from:byte() * (whole and 3 or 1))
  return data .. ("\0"):rep((format.size or 0) - #data)
end

function makers.text(from, format)
  return (from:bytes(math.min(from:byte(), format.size or 255)):gsub("%z+$", ""))
end

function makers.list(from, format)
  local list = {}
  for index = 1, from:byte(8) do list[index] = make(from, format.list) end
  return list
end

function makers.record(from, format)
  local record = {}
  for _, field in ipairs(format.record) do record[field[1]] = make(from, field[2]) end
  return record
end

-- A number with a name is read as the name.
local function by_name(format, value)
  if format.list then
    for index, element in ipairs(value) do value[index] = by_name(format.list, element) end
  end
  for _, field in ipairs(format.record or {}) do value[field[1]] = by_name(field[2], value[field[1]]) end
  for name, number in pairs(format.names or {}) do
    if value == number then return name end
  end
  return value
end

local wrong = { -1, 1.5, 0 / 0, 4294967296, math.huge, "?", {}, true, ("x"):rep(65536), { { {} } }, false,
  { ("x"):rep(256) } }

local function sorted_names(fields)
  local names = {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function check_tlvs(entry, values, tlvs)
  local by_number = {}
  for index, tlv in ipairs(tlvs) do
    assert(index == 1 or tlvs[index - 1][1] < tlv[1], "not in order")
    by_number[tlv[1]] = tlv[2]
  end
  for name, value in pairs(values) do
    local field = entry.request[name]
    local format = type(field[2]) == "table" and field[2] or {}
    local same = codec.decode(field[2], by_number[field[1]], 1, true)
    assert(input.same(by_name(format, value), same), name .. " is another one")
  end
end

local function check_request(entry, from)
  local values = {}
  for _, name in ipairs(sorted_names(entry.request or {})) do
    values[name] = make(from, entry.request[name][2], true)
  end
  check_tlvs(entry, values, message.request(entry, values))
  local name = next(values) and some_key(from, values) or "none"
  values[name] = wrong[from:byte(#wrong) + 1]
  local made, problem = pcall(message.request, entry, values)
  assert(made or problem:sub(1, #message.title(entry)) == message.title(entry), problem)
end

local function check(data)
  local from = input.new(data)
  local entry = messages[from:byte(#messages) + 1]
  check_answer(entry, take_tlvs(from))
  check_request(entry, from)
  assert(bytes.hex(data) ~= nil)
end

return { check = check }
