-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Download sessions: the port of a modem in download mode, open and greeted, ready to receive images. All calls
-- block, with deadlines.

local carry = require "moonflash.protocol.carry"
local channel = require "moonflash.device.channel"
local failure = require "moonflash.base.failure"
local qdl = require "moonflash.core.qdl"
local sys = require "moonflash.core.sys"
local words = require "moonflash.protocol.qdl_words"

local download = {}

local Session = {}
Session.__index = Session

--- Milliseconds of every wait. `scale` multiplies them.
download.timing = {
  greeting_ms = 1000,    -- silence after a greeting before it is repeated
  reply_ms = 5000,       -- answer to hello and open
  ack_ms = 120000,       -- answer to a chunk
  final_ack_ms = 140000, -- answer to the last chunk: 50 s were seen for 64 MB
  done_ms = 30000,       -- answer to done: the flash is written by then
  stall_ms = 30000,      -- the modem reads nothing
  source_ms = 60000,     -- the source of the image has no data
}
-- How often a modem is greeted; how many old answers are read, and the silence after the last of them.
download.greetings, download.old_answers, download.quiet_ms = 5, 50, 100
download.chunk = 1048576 -- bytes

local MOST_AT_ONCE = 4096
local FLAGS = ("~"):rep(16384)

local function scaled_timing(options)
  local timing = {}
  for name, ms in pairs(download.timing) do
    timing[name] = math.max(1, math.floor((options[name] or ms) * (options.scale or 1)))
  end
  timing.greeting_attempts = options.greeting_attempts or download.greetings
  return timing
end

-- Carries out the current operation of the conversation. An interrupt ends it unless `interrupted` returns true.
local function carry_out(self, operation)
  operation.chunk = self.options.chunk or download.chunk
  return carry.out(self, operation, words.failure)
end

-- A modem in memory debug mode sends its hello once, when the port opens. The bytes that came `before` the greeting are
-- no answer to it, but they explain a missing answer.
local function greet(self, before)
  self.conversation, self.failed = qdl.conversation(self.timing), nil
  self.conversation:greet()
  self.conversation:feed(before)
  return carry_out(self, {})
end

-- --- a loader that does not answer ----------------------------------------------------------------
--
-- A loader that has just started may take no byte for some time: it is greeted until it answers.
--
-- When a program is killed in the middle of a write, the loader takes all following bytes, greetings too, as
-- the rest of that write. We send flags until it answers: between commands a loader ignores them. A loader
-- that has received a whole image writes its flash for up to a minute, silently, and then answers everything.

local function drop_answers(port)
  for _ = 1, download.old_answers do
    if not port:read(MOST_AT_ONCE, download.quiet_ms) then break end
  end
end

-- Sends flags, at most as many bytes as one write has, until the loader answers or `ends`.
local function complete_write(port, most, within_ms, ends)
  local sent, answer = 0, nil
  while sent < most and not answer and sys.clock_ms() < ends do
    if not port:write(FLAGS, within_ms) then return end
    sent, answer = sent + #FLAGS, port:read(MOST_AT_ONCE, 0)
  end
  if answer or port:read(MOST_AT_ONCE, within_ms) then drop_answers(port) end
end

-- The answers to all greetings in vain may come at once: the last greeting begins anew.
local function greet_until(self, deadline)
  local greeted, silent
  repeat greeted, silent = greet(self, "")
  until greeted or silent.code ~= "qdl.silent" or sys.clock_ms() >= deadline
  if not greeted then return nil, silent end
  drop_answers(self.channel)
  return greet(self, "")
end

local function greet_when_ready(self, before)
  local options, within_ms = self.options, self.options.within_ms or 0
  local greeted, silent = greet(self, before)
  if greeted or silent.code ~= "qdl.silent" then return greeted, silent end
  if not options.fresh then
    complete_write(self.channel, math.max(options.chunk or 0, download.chunk), self.timing.reply_ms,
      sys.clock_ms() + self.timing.stall_ms)
  end
  if options.on_busy then
    within_ms = math.max(within_ms, self.timing.final_ack_ms)
    options.on_busy(within_ms, silent.code)
  end
  return greet_until(self, sys.clock_ms() + within_ms)
end

-- --- the session -----------------------------------------------------------------------------------

--- Opens a port and greets the modem.
-- @tparam string address of the port, see moonflash.device.channel
-- @tparam[opt] table options chunk in bytes; the names of download.timing in ms;
-- greeting_attempts; scale, a factor for all times; on_opened = function(): the modem accepted the open request of an
-- image, so it may hold a part of the image (may be called several times); on_reset = function(): the reset request
-- was written; within_ms: how long a silent modem is greeted; fresh: it has just started, so no write of an earlier run
-- is incomplete; on_busy = function(ms, code): the modem may still write its flash, so it is greeted for final_ack_ms;
-- called when that begins; is_there = function(): whether the open port is still the modem's, else nothing is written
-- @treturn table a session, or nil and a failure; then the port is closed
function download.open(address, options)
  options = options or {}
  local port, problem = channel.open(address)
  if not port then return nil, problem end
  if options.is_there and not options.is_there() then
    port:close()
    return nil, failure.new("port.closed", address .. ": the modem has left")
  end
  local timing = scaled_timing(options)
  local self = setmetatable({ channel = port, timing = timing, options = options }, Session)
  local before = port:read(MOST_AT_ONCE, 0) or ""
  port:discard()
  local greeted, silent = greet_when_ready(self, before)
  if greeted then return self end
  self:close()
  return nil, silent
end

--- Sends one image. After a failure the session is unusable: close it and open another.
-- @tparam table image head = its first 400 bytes, size in bytes, reader positioned after the head
-- @tparam[opt] table options progress = function(sent, total) in bytes of the file, called some ten
-- times a second; interrupted = function() called after a signal: it clears the signal and returns whether the
-- transfer continues; final_ack_ms, not scaled, instead of the session's
-- @treturn boolean true, or nil and a failure; its field image_opened: the modem may hold a part of the image
function Session:send(image, options)
  options = options or {}
  local usable, problem = carry.check_usable(self)
  if not usable then return nil, problem end
  local head_size, report = #image.head, options.progress or function() end
  self.conversation:image(image.head, image.size, {
    chunk = self.options.chunk or download.chunk, final_ack_ms = options.final_ack_ms,
  })
  local on_opened = self.options.on_opened or function() end
  local sent
  sent, problem = carry_out(self, {
    reader = image.reader, interrupted = options.interrupted,
    progress = function(written)
      if self.conversation:status().opened then on_opened() end -- before `report`, which may raise
      report(head_size + written, image.size)
    end,
  })
  if self.conversation:status().opened then
    on_opened()
    if problem then problem.image_opened = true end
  end
  return sent, problem
end

--- Makes the modem leave download mode. It does not answer: its port vanishes.
-- @treturn boolean true when the request was written, or nil and a failure
function Session:reset()
  local usable, problem = carry.check_usable(self)
  if not usable then return nil, problem end
  self.conversation:reset()
  local done
  done, problem = carry_out(self, {})
  if done and self.options.on_reset then self.options.on_reset() end
  return done, problem
end

--- The state of the conversation.
-- @treturn table state, opened (the modem accepted the open request of the current image), sent, total, version,
-- features, max_block, sequence
function Session:status()
  return self.conversation:status()
end

--- Closes the port. May be called again.
function Session:close()
  self.channel:close()
end

return download
