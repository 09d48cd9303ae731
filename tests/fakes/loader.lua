-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A loader for tests of the download session: it answers from byte templates of the protocol's
-- description, and does one thing wrong when told so. Runs in a process of its own:
--
--     local peer = support.start(support.lua([[require("tests.fakes.loader").serve(...)]], image_copy,
--                                            "wrong_sequence", "2"))
--     local path = peer:line()      -- its port; then a line for every command that came
-- @module tests.fakes.loader

local bytes = require "moonflash.core.bytes"
local hdlc = require "moonflash.core.hdlc"
local sys = require "moonflash.core.sys"

local peer = {}
peer.__index = peer

local DEADLINE_MS = 20000
local WRITE_HEADER, OPEN_PREFIX, OPEN = 13, 13, 413
local NO_DATA = -1

-- Payloads of the answers (reference: qdl 2 to 6); the frame around them comes from core.hdlc.
local answers = {
  acknowledge = "02",
  not_supported = "0d 16 00 00 00 00",
  operation_failed = "0d 07 00 00 00 00",
  hello = "02 51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63 6f 6c 20 74 67 74 30 "
    .. "00 00 00 06 06 00 00 00 00 00 00 00 00 00 00 00 00 00 30",
  open = "26 00 00 01 00 00 00 00",
  open_refused = "26 03 00 01 00 00 00 00",
  done = "2a 00 00 00 00",
  done_refused = "2a 01 00 80 00",
}
local diag_error = "13 70 00 00 6a 9a 7e"
local sahara_hello = "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 02 00 00 00"
  .. (" 00"):rep(24)

local function say(...)
  io.write(table.concat({ ... }, " "), "\n")
  io.flush()
end

-- Waits until the master can be read or written; the end of the deadline ends the process.
function peer:wait(direction)
  local ready = assert(sys.poll({ { fd = self.master, [direction] = true } }, DEADLINE_MS))
  assert(ready[1], "nothing came")
end

function peer:take()
  while true do
    local got, failure = sys.read(self.master, 65536)
    if got then return got end
    assert(failure.code == "sys.again", tostring(failure))
    self:wait "read"
  end
end

function peer:give(data)
  while data ~= "" do
    local count = sys.write(self.master, data)
    if count then data = data:sub(count + 1) else self:wait "write" end
  end
end

-- One byte at a time, each taken from the line before the next is put on it, is the worst split.
function peer:answer(payload)
  local frame = hdlc.frame(payload)
  if self.fault ~= "split" then return self:give(frame) end
  for at = 1, #frame do
    self:give(frame:sub(at, at))
    sys.sleep_ms(1)
  end
end

function peer:say_template(name)
  self:answer(bytes.from_hex(answers[name]))
end

-- The next frame or write header, and what follows it.
function peer:command()
  while true do
    local rest = self.rest:gsub("^~+", "")
    if rest:sub(1, 1) == "\39" and #rest >= WRITE_HEADER then
      self.rest = rest:sub(WRITE_HEADER + 1)
      return rest:sub(1, WRITE_HEADER)
    end
    local frame, after = rest:match "^([^~]+~)(.*)$"
    if rest:sub(1, 1) ~= "\39" and frame then
      self.rest = after
      return assert(self.decoder:feed(frame)[1], "a broken frame came")
    end
    self.rest = rest .. self:take()
  end
end

local commands = {}

commands["\112"] = function(self)
  say "switch"
  if self.fault == "diag" then return self:give(bytes.from_hex(diag_error)) end
  self:say_template(self.fault == "acknowledge" and "acknowledge" or "not_supported")
end

commands["\1"] = function(self)
  say "hello"
  self:say_template "hello"
end

commands["\37"] = function(self, payload)
  assert(#payload == OPEN, "an open request of the wrong length")
  say("open", bytes.get_u32le(payload, 3), bytes.get_u32le(payload, 8))
  self.parts = { payload:sub(OPEN_PREFIX + 1) }
  self:say_template(self.fault == "open_refused" and "open_refused" or "open")
end

function peer:take_data(length)
  local parts, have = { self.rest }, #self.rest
  while have < length do
    parts[#parts + 1] = self:take()
    have = have + #parts[#parts]
  end
  local all = table.concat(parts)
  self.rest = all:sub(length + 1)
  self.parts[#self.parts + 1] = all:sub(1, length)
end

-- What can go wrong while a chunk comes. Returns what the answer carries as sequence and status,
-- or nothing when there is none.
local chunk_faults = {
  wrong_sequence = function(_, sequence) return sequence + 1, 0 end,
  bad_status = function(_, sequence) return sequence, 2 end,
  no_answer = function() end,
  deaf = function() sys.sleep_ms(DEADLINE_MS) end,
  hang_up = function(self)
    sys.close(self.master)
    sys.sleep_ms(DEADLINE_MS)
  end,
  error_early = function(self)
    self:say_template "operation_failed"
    sys.sleep_ms(DEADLINE_MS)
  end,
}
local before_data = { deaf = true, hang_up = true, error_early = true }

commands["\39"] = function(self, header)
  local sequence, length = bytes.get_u16le(header, 2), bytes.get_u32le(header, 8)
  local fault = sequence == self.at and chunk_faults[self.fault]
  say("write", sequence, length)
  local status = 0
  if fault and before_data[self.fault] then return fault(self) end
  self:take_data(length)
  if fault then
    sequence, status = fault(self, sequence)
    if not sequence then return end
  end
  self:answer("\40" .. bytes.u16le(sequence) .. bytes.u32le(0) .. bytes.u16le(status))
end

commands["\41"] = function(self)
  local file = assert(io.open(self.copy, "wb"))
  assert(file:write(table.concat(self.parts)))
  file:close()
  say "done"
  self:say_template(self.fault == "done_refused" and "done_refused" or "done")
end

commands["\45"] = function()
  say "reset"
end

--- Makes a pty, says its path, and answers until it is killed or nothing comes for a long time.
-- @tparam string copy where the image that came is kept
-- @tparam[opt] string fault
-- @tparam[opt] string at number of the chunk the fault is about
function peer.serve(copy, fault, at)
  local master, path = sys.pty()
  local self = setmetatable({ master = master, rest = "", decoder = hdlc.decoder(1024), copy = copy,
    fault = fault, at = tonumber(at) or NO_DATA }, peer)
  if fault == "stale" then self:give(hdlc.frame(bytes.from_hex(answers.done)) .. "OK\r\n~\40") end
  if fault == "sahara" then self:give(bytes.from_hex(sahara_hello)) end
  say(path)
  while fault ~= "silent" and fault ~= "sahara" do
    local payload = self:command()
    assert(commands[payload:sub(1, 1)], "an unknown command came")(self, payload)
  end
  while fault == "silent" do self:take() end
  self:wait "read"
  sys.sleep_ms(DEADLINE_MS)
end

return peer
