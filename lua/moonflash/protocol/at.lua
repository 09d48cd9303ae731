-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- AT commands to a modem.
--
--     local at = require "moonflash.protocol.at"
--     local session, problem = at.open "/dev/ttyUSB2"
--     local answer, problem = session:command("AT!SKU?", 3000)   -- { "1102476", final = "OK" }
--     local preference, problem = session:ask "preference"        -- see moonflash.protocol.at_answers
--     session:close()
--

local answers = require "moonflash.protocol.at_answers"
local bytes = require "moonflash.core.bytes"
local channel = require "moonflash.device.channel"
local failure = require "moonflash.base.failure"
local reader = require "moonflash.protocol.at_reader"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local at = {}

local Session = {}
Session.__index = Session

local COMMAND_MS = 5000
local LOST_MS = 10000  -- an answer that has not come by then will not come
local FURTHER_MS = 200 -- "OK" or "ERROR" behind NOT IMPLEMENTED
local MOST_AT_ONCE = 4096
local UNLOCK = 'AT!ENTERCND="A710"'

--- Questions by name: the name of the function of moonflash.protocol.at_answers that reads the answer, and the
-- commands with the same meaning, those of newer firmware first.
at.questions = {
  identity = { "ATI" },
  preference = { "AT!IMPREF?", "AT!GOBIIMPREF?" },
  settings = { "AT!PRIID?" },
  power = { "AT!PCINFO?" },
  status = { "AT!GSTATUS?" },
  images = { "AT!IMAGE?", "AT!GOBIIMAGE?" },
}

--- A session on an open channel.
function at.session(port)
  return setmetatable({ port = port }, Session)
end

--- Opens the AT port at an address, as in the nodes of a device. Returns a session, or nil and a failure port.*.
function at.open(address)
  local port, problem = channel.open(address, "text")
  if not port then return nil, problem end
  return at.session(port)
end

--- Whether a text can be sent as a command: one line, beginning with AT.
function at.is_command(text)
  return type(text) == "string" and text:find "^[aA][tT]" ~= nil and not text:find "%c"
end

-- By the code of the failure.
local refusals = {
  ["at.error"] = "the modem refuses", ["at.cme_error"] = "the modem refuses",
  ["at.not_implemented"] = "the modem does not know this command",
}

--- Whether a failure means that the modem received the command and refused it.
function at.is_refusal(problem)
  return refusals[problem.code] ~= nil
end

local function result_of(answer)
  return tables.merge(answer.lines, { final = answer.final, unsolicited = answer.unsolicited })
end

local function refused(answer)
  local code, text = "at." .. answer.verdict, answer.final:match ":%s*(.*)$"
  return failure.new(code, answer.command .. ": " .. refusals[code],
    { evidence = answer.final, number = tonumber(text), text = text, answer = result_of(answer) })
end

-- The evidence about an answer that did not end.
local function received_so_far(answer)
  local last = answer.lines[#answer.lines] or answer.unsolicited[#answer.unsolicited]
  if last then return "the last line was: " .. last end
  if answer.echoed then return "only the echo came" end
  if answer.head ~= "" then return "all that came was " .. answer.head:gsub("%c+", " ") end
end

local function not_at(answer)
  return failure.new("at.not_at", "this is not an AT port",
    { evidence = "it sends " .. bytes.hex(answer.head:sub(1, 16), " ") })
end

-- The failure of a command whose answer is missing or incomplete.
local function unanswered(answer, problem)
  local fields = { evidence = received_so_far(answer), cause = problem, answer = result_of(answer) }
  if problem.code == "port.closed" then
    return failure.new("at.closed", answer.command .. ": the modem went away", fields)
  end
  if problem.code ~= "port.timeout" then return problem end
  if answer:is_not_at() then return not_at(answer) end
  return failure.new("at.timeout", answer.command .. ": no answer", fields)
end

local function receive(port, answer, deadline)
  local function left() return math.max(0, deadline - sys.clock_ms()) end
  repeat
    local received, problem = port:read(MOST_AT_ONCE, left())
    if not received then return nil, problem end
  until answer:feed(received) or left() == 0
  if answer.verdict == "not_implemented" then port:read(MOST_AT_ONCE, FURTHER_MS) end
  if answer.final then return true end
  return nil, failure.new("port.timeout", "the port sends data without end, but no answer")
end

-- An answer that did not come in time would be taken for that of the next command: it is waited for first.
local function settle(self, deadline)
  local owed = self.owed
  if not owed then return true end
  local done, problem = receive(self.port, owed.answer, math.min(deadline, owed.lost_at))
  if not done and problem.code ~= "port.timeout" then return nil, problem end
  if not done and sys.clock_ms() < owed.lost_at then
    return nil, failure.new("port.timeout", "the answer to " .. owed.answer.command .. " has not come yet")
  end
  self.owed = nil
  return true
end

local function exchange(self, answer, ms)
  local ready, problem = settle(self, sys.clock_ms() + ms)
  if not ready then return nil, problem end
  local now = sys.clock_ms()
  self.port:discard()
  local done
  done, problem = self.port:write(answer.command .. "\r", ms)
  if done then done, problem = receive(self.port, answer, now + ms) end
  if not done and problem.code == "port.timeout" and not answer:is_not_at() then
    self.owed = { answer = answer, lost_at = now + LOST_MS }
  end
  return done, problem
end

--- Sends a command and reads its answer. After a timeout the missing answer is waited for, up to `ms` more, before the
-- next command is sent; until 10 s have passed since its own command that command fails instead.
-- @tparam string text the command, without the line end
-- @tparam[opt=5000] number ms for everything
-- @treturn table the answer: an array of its lines, with final = "OK" and unsolicited = { lines };
-- or nil and a failure: at.error, at.cme_error (number or text), at.not_implemented, at.timeout,
-- at.closed, at.not_at, port.*. Its field `answer` has the lines received so far.
function Session:command(text, ms)
  if not self.port then error("the AT session is closed", 2) end
  if not at.is_command(text) then error("not an AT command: " .. tostring(text), 2) end
  local answer = reader.new(text)
  local done, problem = exchange(self, answer, ms or COMMAND_MS)
  if not done then return nil, unanswered(answer, problem) end
  if answer.verdict ~= "done" then return nil, refused(answer) end
  return result_of(answer)
end

--- Unlocks the commands that change the modem, until its next reset.
-- @tparam[opt=5000] number ms
-- @treturn table the answer, or nil and a failure as of command
function Session:unlock(ms)
  return self:command(UNLOCK, ms)
end

--- Asks one of at.questions, with the commands of newer and of older firmware.
-- @tparam string name
-- @tparam[opt=5000] number ms for each command
-- @treturn table the answer, read by moonflash.protocol.at_answers; or nil and the first failure
function Session:ask(name, ms)
  local first
  for _, command in ipairs(at.questions[name] or error("no such question: " .. tostring(name), 2)) do
    local answer, problem = self:command(command, ms)
    if answer then return answers[name](answer) end
    first = first or problem
    if not at.is_refusal(problem) then break end
  end
  return nil, first
end

--- Closes the port. May be called again.
function Session:close()
  if self.port then self.port:close() end
  self.port = nil
end

return at
