-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Invariant: whatever an AT port says, in whatever pieces, a command gives its lines or a failure, the same
-- ones for every split; what is kept of it is bounded; what the lines mean are texts without control
-- characters, and counts.
--
-- The input: which command, how the port gives its bytes and ends, then these.
local answers = require "moonflash.protocol.at_answers"
local at = require "moonflash.protocol.at"
local failure = require "moonflash.base.failure"
local input = require "tests.fuzz.input"
local reader = require "moonflash.protocol.at_reader"

local MOST_LINES, LONGEST = 1000, 1024

local names = { "identity", "images", "power", "preference", "settings", "status" }
local commands = { "AT", "AT+CREG?" }
for _, name in ipairs(names) do
  for _, command in ipairs(at.questions[name]) do commands[#commands + 1] = command end
end

-- --- the reader ------------------------------------------------------------------------------------

local function read(command, data, piece)
  local answer = reader.new(command)
  for from = 1, #data, piece do
    if answer:feed(data:sub(from, from + piece - 1)) then break end
  end
  return answer
end

local function check_kept(answer)
  assert(#answer.rest <= LONGEST and #answer.head <= 64)
  for _, list in ipairs { answer.lines, answer.unsolicited } do
    assert(#list <= MOST_LINES)
    for _, line in ipairs(list) do
      assert(#line > 0 and #line <= LONGEST, "a long line")
      input.check_text(line)
    end
  end
  assert((answer.final == nil) == (answer.verdict == nil))
  assert(type(answer:is_not_at()) == "boolean")
end

local function check_splits(command, data, piece)
  local whole, split = read(command, data, math.max(#data, 1)), read(command, data, piece)
  check_kept(whole)
  for _, field in ipairs { "lines", "unsolicited", "final", "verdict", "echoed" } do
    assert(input.same(whole[field], split[field]), field .. " depend on the split")
  end
  return whole
end

-- --- what lines mean -------------------------------------------------------------------------------

local function check_values(value)
  if type(value) == "table" then
    for key, part in pairs(value) do
      check_values(key)
      check_values(part)
    end
  elseif type(value) == "number" then
    input.check_count(value)
  elseif type(value) == "string" then
    assert(value ~= "", "an empty text")
    input.check_text(value)
  end
end

local function check_meaning(lines)
  for _, name in ipairs(names) do
    local said = answers[name](lines)
    assert(type(said) == "table")
    check_values(said)
  end
end

-- --- a session -------------------------------------------------------------------------------------

local ends = { "port.timeout", "port.closed", "port.failed", "port.interrupted" }

-- A port that says what it has to, at most once what is meant for one command, and then ends somehow.
local function stand_in(data, piece, ending)
  local port = { at = 1 }
  function port.discard() end
  function port.write(_, bytes) return #bytes > 0 end
  function port.read(self, most)
    local bytes = data:sub(self.at, self.at + math.min(piece, most) - 1)
    self.at = self.at + #bytes
    if bytes ~= "" then return bytes end
    return nil, failure.new(ending, "the port has ended")
  end
  function port.close(self) self.closed = true end
  return port
end

local function check_session(command, data, piece, ending)
  local port = stand_in(data, piece, ending)
  local session = at.session(port)
  local answer, problem = input.result(session:command(command, 60000))
  if answer then
    assert(answer.final == "OK")
  else
    input.check_text(tostring(problem))
  end
  port.at = 1
  for _, name in ipairs(names) do input.result(session:ask(name, 60000)) end
  session:close()
  assert(port.closed)
end

local function check(data)
  local from = input.new(data)
  local command, plan = commands[from:byte(#commands) + 1], from:byte()
  local said, piece = from:rest(), math.floor(plan / 4) + 1
  check_meaning(check_splits(command, said, piece).lines)
  check_session(command, said, piece * 8, ends[plan % 4 + 1])
end

return { check = check }
