--- moonflash qmi SERVICE MESSAGE [0xTT hex...]...
local answer = require "moonflash.cli.answer"
local exit = require "moonflash.exit"
local failure = require "moonflash.failure"
local outcome = require "moonflash.cli.outcome"
local tlv_words = require "moonflash.cli.tlv_words"

local REQUEST_MS = 10000

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

local function find_device(wanted)
  local use = wanted.use
  local models, problem = use.flash.models()
  if not models then return nil, problem end
  return use.device.select(use.device.list(wanted.root, models), wanted.selection)
end

-- Asks within a job, which knows how to open the control port of a modem and closes it.
local function ask(wanted, device, message, tlvs)
  local job = wanted.use.job.new {
    device = device, root = wanted.root, options = wanted.options, emit = wanted.emit,
  }
  local session, problem = job:qmi()
  local tlvs_back
  if session then
    local ms = job:ms(REQUEST_MS / 1000)
    tlvs_back, problem = session:raw(wanted.use.qmi.service(message.service), message.id, tlvs, ms)
  end
  job:finalize()
  return tlvs_back, problem
end

-- Whatever the reason, unless it is that nobody wanted to wait.
local function refused(problem)
  return outcome.bad(problem, not problem.code:find "%.interrupted$" and exit.REFUSED or nil)
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
  run = function(wanted)
    local message, problem = message_of(wanted)
    if not message then return outcome.bad(problem) end
    local tlvs
    tlvs, problem = tlv_words.parse(wanted.given.tlvs, wanted.use.bytes)
    if not tlvs then return outcome.bad(problem) end
    local device
    device, problem = find_device(wanted)
    if not device then return outcome.bad(problem) end
    tlvs, problem = ask(wanted, device, message, tlvs)
    if not tlvs then return refused(problem) end
    problem = answer.show(wanted.out, message, tlvs, wanted.use)
    return problem and refused(problem) or outcome.good()
  end,
}
