--- moonflash qmi SERVICE MESSAGE [0xTT hex...]...
local asking = require "moonflash.cli.asking"
local failure = require "moonflash.base.failure"
local later = require "moonflash.base.later"
local outcome = require "moonflash.commands.outcome"
local tlv_words = require "moonflash.cli.tlv_words"

local answer = later "moonflash.cli.answer"

local REQUEST_SECONDS = 10

-- The words of the TLVs without what is personal in them, for a trace.
local function recorded_tlvs(given, use)
  local redact, bytes = use.redact, use.bytes
  local message, words = use.qmi.message(given.SERVICE, given.MESSAGE), {}
  for _, tlv in ipairs(message and tlv_words.parse(given.tlvs, bytes) or {}) do
    local value = redact.tlv(use.qmi.service(message.service), message.id, tlv[1], tlv[2])
    words[#words + 1] = "0x" .. bytes.hex_number(tlv[1], 2)
    if value ~= "" then words[#words + 1] = bytes.hex(value, "") end
  end
  return words
end

local function message_of(wanted)
  local given, qmi = wanted.given, wanted.use.qmi
  if not qmi.service(given.SERVICE) then
    return nil, failure.new("usage", "no such QMI service: " .. given.SERVICE,
      { hint = "give its name or number: dms, 2, 0x02" })
  end
  local message = qmi.message(given.SERVICE, given.MESSAGE)
  if message then return message end
  return nil, failure.new("usage", ("no message %s of %s is known"):format(given.MESSAGE, given.SERVICE),
    { hint = "give its number, like 0x0023" })
end

local function ask(wanted, job, message, tlvs)
  local session, problem = job:qmi()
  if not session then return nil, problem end
  return session:raw(wanted.use.qmi.service(message.service), message.id, tlvs, job:ms(REQUEST_SECONDS))
end

return {
  name = "qmi",
  usage = "SERVICE MESSAGE [0xTT HEX...]...",
  summary = "one request by name or number, like `qmi dms 0x0023`",
  arguments = {
    { "SERVICE", "dms, or the number of any service" },
    { "MESSAGE", "a name of moonflash's (get_revision), or any number" },
    { "TLV", "0xTT begins a TLV, the hex digits after it are its bytes", count = "*", target = "tlvs" },
  },
  recorded = function(given, use)
    return { given.SERVICE, given.MESSAGE, unpack(recorded_tlvs(given, use)) }
  end,
  run = function(wanted)
    local message, problem = message_of(wanted)
    if not message then return outcome.bad(problem) end
    local tlvs
    tlvs, problem = tlv_words.parse(wanted.given.tlvs, wanted.use.bytes)
    if not tlvs then return outcome.bad(problem) end
    local device
    device, problem = asking.find(wanted)
    if not device then return outcome.bad(problem) end
    tlvs, problem = asking.within_job(wanted, device, function(job)
      return ask(wanted, job, message, tlvs)
    end)
    if not tlvs then return asking.refused(problem) end
    problem = answer.show(wanted.out, message, tlvs, wanted.use)
    return problem and asking.refused(problem) or outcome.good()
  end,
}
