-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Questions to a modem: moonflash qmi SERVICE MESSAGE [0xTT HEX...]... and moonflash at COMMAND...

local at_protocol = require "moonflash.protocol.at"
local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"
local jobs = require "moonflash.commands.job"
local messages = require "moonflash.protocol.qmi.message"
local qmi_protocol = require "moonflash.protocol.qmi"
local redact = require "moonflash.trace.redact"
local results = require "moonflash.commands.result"
local tables = require "moonflash.base.table"

local ask = {}

local ANSWER_SECONDS = 10
local RESULT_TLV = 0x02

-- Calls a function with a job, which opens ports when they are used. The function returns nothing; or a failure, when
-- the modem refuses or cannot be asked.
local function with(job, none, work)
  if not job then return results.bad(none) end
  local problem = work()
  job:finalize()
  if not problem then return results.good() end
  return results.bad(problem, results.status(problem) ~= results.INTERRUPTED and results.REFUSED or nil)
end

-- QMI: the request ---------------------------------------------------------------------------------

local function unreadable(word)
  return nil, failure.new("usage", "the TLVs cannot be read", {
    evidence = "at " .. word, hint = "write 0xTT and then the bytes in hex: 0x01 02 0x10 ff",
  })
end

-- TLVs from words like `0x01 02 00 0x10 ff` or `0x01 0200 0x10 ff`: an array of { type, bytes }.
local function parse_tlvs(words)
  local tlvs = {}
  for _, word in ipairs(words) do
    local kind = word:match "^0[xX](%x%x?)$"
    local data = not kind and bytes.from_hex(word)
    if kind then
      tlvs[#tlvs + 1] = { tonumber(kind, 16), "" }
    elseif data and tlvs[1] then
      tlvs[#tlvs][2] = tlvs[#tlvs][2] .. data
    else
      return unreadable(word)
    end
  end
  for _, tlv in ipairs(tlvs) do
    if tlv[2] == "" then return unreadable("TLV 0x" .. bytes.hex_number(tlv[1], 2) .. ", which has no bytes") end
  end
  return tlvs
end

-- The message, or nil and a failure with the known names.
local function find_message(request)
  local service, name = request.service, request.message
  if not qmi_protocol.service(service) then
    return nil, failure.new("usage", "there is no QMI service " .. service,
      { hint = "give its number, like 2 or 0x02, or one of: "
        .. table.concat(tables.sorted_keys(messages.services), ", ") })
  end
  local message = qmi_protocol.message(service, name)
  if message then return message end
  local known = table.concat(qmi_protocol.message_names(service), ", ")
  return nil, failure.new("usage", ("there is no message %s of the service %s"):format(name, service),
    { hint = "give its number, like 0x0023" .. (known ~= "" and ", or one of: " .. known or "") })
end

--- The arguments of a QMI request for a trace: without personal data.
-- @tparam table request service, message, tlvs
-- @treturn table array of words
function ask.qmi_arguments(request)
  local message, words = qmi_protocol.message(request.service, request.message), { request.service, request.message }
  for _, tlv in ipairs(message and parse_tlvs(request.tlvs) or {}) do
    local value = redact.tlv(qmi_protocol.service(message.service), message.id, tlv[1], tlv[2])
    words[#words + 1] = "0x" .. bytes.hex_number(tlv[1], 2)
    if value ~= "" then words[#words + 1] = bytes.hex(value, "") end
  end
  return words
end

-- QMI: the answer ----------------------------------------------------------------------------------

-- The TLVs in hex by number, without the result.
local function in_hex(tlvs)
  local values = {}
  for number, data in pairs(tlvs) do
    if number ~= RESULT_TLV then values["0x" .. bytes.hex_number(number, 2)] = bytes.hex(data) end
  end
  return values
end

-- A decoded value with its bytes in hex.
local function readable(format, value)
  if type(value) == "string" and format == "bytes" then return bytes.hex(value) end
  if type(value) ~= "table" or type(format) ~= "table" then return value end
  local made = {}
  for _, field in ipairs(format.record or {}) do made[field[1]] = readable(field[2], value[field[1]]) end
  for index, item in ipairs(format.list and value or {}) do made[index] = readable(format.list, item) end
  return (format.list or format.record) and made or value
end

-- The fields of the answer to a known message; nil for another one; or nil and a failure.
local function fields_of(message, tlvs)
  if not message.response then return nil end
  local decoded, problem = messages.answer(message, tlvs)
  if not decoded then return nil, problem end
  local fields = {}
  for name, value in pairs(decoded) do fields[name] = readable(message.response[name][2], value) end
  return fields
end

local function say_value(out, indent, name, value)
  if type(value) ~= "table" then return out:say(("%s%s: %s"):format(indent, name, tostring(value))) end
  out:say(("%s%s:%s"):format(indent, name, next(value) == nil and " none" or ""))
  for _, inner in ipairs(tables.sorted_keys(value)) do say_value(out, indent .. "  ", tostring(inner), value[inner]) end
end

-- Prints the fields of a known message, or else the TLVs. Returns a failure when the answer cannot be decoded.
local function show_message(out, message, tlvs)
  local fields, problem = fields_of(message, tlvs)
  if problem then return problem end
  local hex = in_hex(tlvs)
  out:object("qmi", { service = message.service, message = message.name, id = message.id, fields = fields,
    tlvs = hex })
  local shown = fields or hex
  for _, name in ipairs(tables.sorted_keys(shown)) do say_value(out, "", name, shown[name]) end
  if next(shown) == nil then out:say "done" end
end

--- One QMI request, by name or number: request.service, message, tlvs (words).
function ask.qmi(request, out)
  local message, unknown = find_message(request)
  if not message then return results.bad(unknown) end
  local tlvs, wrong = parse_tlvs(request.tlvs)
  if not tlvs then return results.bad(wrong) end
  local job, none = jobs.find(request)
  return with(job, none, function()
    local session, problem = job:qmi()
    if not session then return problem end
    local answer, refusal = session:raw(qmi_protocol.service(message.service), message.id, tlvs, job:ms(ANSWER_SECONDS))
    return answer and show_message(out, message, answer) or refusal
  end)
end

-- AT -----------------------------------------------------------------------------------------------

local function show_answer(out, command, answer)
  for _, line in ipairs(answer) do out:say(line) end
  if answer.final == "OK" and not answer[1] then out:say "OK" end
  out:object("at", { command = command, lines = answer, final = answer.final })
end

local function send(commands, out, job)
  local session, problem = job:at()
  if not session then return problem end
  for _, command in ipairs(commands) do
    local answer, refusal = session:command(command, job:ms(ANSWER_SECONDS))
    answer = answer or refusal.answer
    if answer then show_answer(out, command, answer) end
    if refusal then return refusal end
  end
end

-- The job of the selected modem; with --tty of the port alone, whether its modem is known or not.
local function job_of(request)
  local tty = request.selection.tty
  if not tty then return jobs.find(request) end
  return jobs.new(request, { device = { nodes = { at = tty }, interfaces = { { number = 0, tty = tty } } } })
end

--- AT commands, one after the other until the modem refuses one: request.commands.
function ask.at(request, out)
  for _, command in ipairs(request.commands) do
    if not at_protocol.is_command(command) then
      return results.bad(failure.new("usage", ("'%s' is not an AT command"):format(command), {
        hint = "a command is one line that begins with AT; quote it for the shell: 'AT!IMPREF?'" }))
    end
  end
  local job, none = job_of(request)
  return with(job, none, function() return send(request.commands, out, job) end)
end

return ask
