--- moonflash qmi SERVICE MESSAGE [0xTT HEX...]...: one QMI request, by name or number.

local asking = require "moonflash.cli.request"
local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"
local messages = require "moonflash.protocol.qmi.message"
local protocol = require "moonflash.protocol.qmi"
local redact = require "moonflash.trace.redact"
local results = require "moonflash.commands.result"
local schema = require "moonflash.cli.schema"
local tables = require "moonflash.base.table"

local qmi = {}

local REQUEST_SECONDS = 10
local RESULT_TLV = 0x02

-- Request -----------------------------------------------------------------------------------------

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
  if not protocol.service(service) then
    return nil, failure.new("usage", "there is no QMI service " .. service,
      { hint = "give its name or number: dms, 2, 0x02" })
  end
  local message = protocol.message(service, name)
  if message then return message end
  local known = table.concat(protocol.message_names(service), ", ")
  return nil, failure.new("usage", ("there is no message %s of the service %s"):format(name, service),
    { hint = "give its number, like 0x0023" .. (known ~= "" and ", or one of: " .. known or "") })
end

--- The arguments for a trace: without personal data.
-- @tparam table request service, message, tlvs
-- @treturn table array of words
function qmi.traced_arguments(request)
  local message, words = protocol.message(request.service, request.message), { request.service, request.message }
  for _, tlv in ipairs(message and parse_tlvs(request.tlvs) or {}) do
    local value = redact.tlv(protocol.service(message.service), message.id, tlv[1], tlv[2])
    words[#words + 1] = "0x" .. bytes.hex_number(tlv[1], 2)
    if value ~= "" then words[#words + 1] = bytes.hex(value, "") end
  end
  return words
end

-- Answer ------------------------------------------------------------------------------------------

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

local function fields_of(message, decoded)
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
local function show(out, message, tlvs)
  local fields, problem
  if message.response then
    fields, problem = messages.answer(message, tlvs)
    if not fields then return problem end
    fields = fields_of(message, fields)
  end
  local hex = in_hex(tlvs)
  out:object(schema.qmi { service = message.service, message = message.name, id = message.id, fields = fields,
    tlvs = hex })
  local shown = fields or hex
  for _, name in ipairs(tables.sorted_keys(shown)) do say_value(out, "", name, shown[name]) end
  if next(shown) == nil then out:say "done" end
end

--- Runs the command.
-- @tparam table request service, message, tlvs (words) and as for moonflash.cli.request
-- @tparam table out the output
-- @treturn table result
function qmi.run(request, out)
  local message, problem = find_message(request)
  if not message then return results.bad(problem) end
  local tlvs
  tlvs, problem = parse_tlvs(request.tlvs)
  if not tlvs then return results.bad(problem) end
  return asking.ask(request, function(job)
    local session, answer
    session, problem = job:qmi()
    if not session then return problem end
    answer, problem = session:raw(protocol.service(message.service), message.id, tlvs, job:ms(REQUEST_SECONDS))
    if not answer then return problem end
    return show(out, message, answer)
  end)
end

return qmi
