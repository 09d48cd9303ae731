-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Download sessions of the 9x50 modems, with the methods of moonflash.protocol.qdl: the loader is listened to and
-- switched from Sahara to Firehose, then it takes images. All calls block, with deadlines.
--
-- A loader says hello once, and refuses the switch when anything was sent to it before: nothing is sent before its
-- hello, and what has arrived when the port opens is not dropped (reference: firehose 4).

local carry = require "moonflash.protocol.carry"
local channel = require "moonflash.device.channel"
local crashed = require "moonflash.protocol.sahara"
local failure = require "moonflash.base.failure"
local firehose = require "moonflash.core.firehose"
local sahara = require "moonflash.core.sahara"
local source = require "moonflash.core.source"
local sys = require "moonflash.core.sys"
local words = require "moonflash.protocol.firehose_words"

local download = {}

local Session = {}
Session.__index = Session

--- Milliseconds of every wait. `scale` multiplies them, except settle_ms, which is no limit: the loader is listened to
-- at least so long.
download.timing = {
  settle_ms = 2000,
  hello_ms = 6000,       -- the hello, if it comes later
  reply_ms = 3000,       -- answer to a message of Sahara
  command_ms = 10000,    -- answer to a command of Firehose
  final_ack_ms = 300000, -- the verdict on an image: libqmi waits so long
  complete_ms = 180000,  -- the rest of an image of an earlier run: 80 MB took 123 s
  stall_ms = 30000,      -- the modem reads nothing
  source_ms = 60000,     -- the source of the image has no data
}
download.chunk = 1048576 -- bytes of an image that are read ahead
-- How many further answers are read, and the silence after the last of them.
download.further_answers, download.quiet_ms = 100, 200

local MOST_AT_ONCE = 4096
local ZEROS = ("\0"):rep(16384)
local LONGEST_IMAGE = 128 * 1048576 -- bytes: more than any image of these modems has
local LAST_LINES = 3 -- of the loader's log, in the evidence of a failure

local function scaled_timing(options)
  local timing = {}
  for name, ms in pairs(download.timing) do
    timing[name] = math.max(1, math.floor((options[name] or ms) * (options.scale or 1)))
  end
  timing.settle_ms = options.settle_ms or download.timing.settle_ms
  return timing
end

-- --- what the loader says ---------------------------------------------------------------------------

-- Hands on the log lines of the loader.
local function take_log(self)
  local on_log = self.options.on_log or function() end
  for _, line in ipairs(self.conversation:logs()) do
    self.log[#self.log + 1] = line
    if #self.log > LAST_LINES then table.remove(self.log, 1) end
    on_log(line)
  end
end

-- Carries out the current operation of the Firehose conversation. The loader's last words explain a failure.
local function carry_out(self, operation)
  self.log = {}
  local done, problem = carry.out(self, operation, words.failure)
  take_log(self)
  if problem and self.log[1] then
    failure.add_evidence(problem, ('the loader said "%s"'):format(table.concat(self.log, '", "')))
  end
  return done, problem
end

-- Reads answers until there are none for a moment. Behind an image the loader complains about the zeros that end it
-- (reference: firehose 9).
local function hear_out(self)
  for _ = 1, download.further_answers do
    local text = self.channel:read(MOST_AT_ONCE, download.quiet_ms)
    if not text then break end
    self.conversation:feed(text)
  end
  take_log(self)
end

-- --- opening ------------------------------------------------------------------------------------------

local function switch(self)
  self.conversation = sahara.conversation(self.timing)
  self.conversation:switch()
  local switched, problem = carry.out(self, {}, words.failure)
  return switched and self.conversation:status().rest, problem
end

-- `before`: the first bytes of Firehose, which came with the last answer of Sahara.
local function greet(self, before)
  self.conversation, self.failed = firehose.conversation(self.timing), nil
  self.conversation:greet()
  self.conversation:feed(before)
  return carry_out(self, {})
end

-- A loader that waits for the rest of an image takes all bytes for it. Zeros complete it: then the loader answers, and
-- refuses the torn image. One that writes an image answers when it has.
local function complete_image(self)
  local port, sent, ends = self.channel, 0, sys.clock_ms() + self.timing.complete_ms
  local most = (self.options.longest or LONGEST_IMAGE) + #ZEROS
  local answer, problem
  repeat
    if sent < most and port:write(ZEROS, download.quiet_ms) then sent = sent + #ZEROS end
    answer, problem = port:read(MOST_AT_ONCE, sent < most and 0 or download.quiet_ms)
  until answer or problem.code ~= "port.timeout" or sys.clock_ms() >= ends
  if answer then hear_out(self) end
end

-- A loader that an earlier run left in Firehose says no hello any more, but perhaps what that run did not wait for.
local function resume(self)
  self.conversation = firehose.conversation(self.timing)
  hear_out(self)
  local greeted, problem = greet(self, "")
  if greeted or not words.is_silent(problem) then return greeted, problem end
  if self.options.on_busy then self.options.on_busy(self.timing.complete_ms, problem.code) end
  self.conversation = firehose.conversation(self.timing)
  complete_image(self)
  return greet(self, "")
end

local function begin(self)
  if self.options.resumes then return resume(self) end
  local rest, problem = switch(self)
  if rest then return greet(self, rest) end
  if self.options.fresh and not self.options.listened or not words.says_no_hello(problem) then return nil, problem end
  return resume(self)
end

--- Opens a port, switches the loader to Firehose and greets it. A loader that does not switch has a session, too, which
-- can only restart it.
-- @tparam string address of the port, see moonflash.device.channel
-- @tparam[opt] table options chunk in bytes; the names of download.timing in ms; scale, a factor for the times;
-- on_opened = function(): the loader takes an image, so it may hold a part of it (may be called several times);
-- on_reset = function(): the loader was told to restart; on_log = function(text): a line of the loader's log; fresh:
-- the loader has just started, and nothing is sent to it before its hello; listened: this run may have read the hello
-- before; resumes: the loader was greeted before, and sends no hello; on_busy = function(ms, code): the rest of an
-- image of an earlier run is sent as zeros, for so long at most; longest: bytes that such an image may lack; is_there =
-- function(): whether the port is still the modem's, else nothing is written
-- @treturn table a session, or nil and a failure; then the port is closed
function download.open(address, options)
  options = options or {}
  local port, problem = channel.open(address)
  if not port then return nil, problem end
  local self = setmetatable({ address = address, channel = port, timing = scaled_timing(options), options = options,
    log = {} }, Session)
  if options.is_there and not options.is_there() then
    self:close()
    return nil, failure.new("port.closed", address .. ": the modem has left")
  end
  local greeted
  greeted, problem = begin(self)
  if greeted or words.stays_in_sahara(problem) then return self end
  self:close()
  return nil, problem
end

-- A loader in Sahara takes the reset of a crashed modem.
local function restart_in_sahara(self)
  self:close()
  local sent, problem = crashed.reset(self.address, self.timing.reply_ms)
  if sent and self.options.on_reset then self.options.on_reset() end
  return sent, problem
end

-- --- the session ----------------------------------------------------------------------------------------

--- Sends one image. After a failure the session is unusable: close it and open another. A loader that does not switch
-- is restarted.
-- @tparam table image head = its first 400 bytes, size in bytes, reader positioned after the head
-- @tparam[opt] table options progress = function(sent, total) in bytes of the file, called some ten
-- times a second; interrupted = function() called after a signal: it clears the signal and returns whether the
-- transfer continues; final_ack_ms, not scaled, instead of the session's
-- @treturn boolean true, or nil and a failure; its field image_opened: the modem may hold a part of the image
function Session:send(image, options)
  options = options or {}
  local usable, problem = carry.check_usable(self)
  if not usable and words.stays_in_sahara(problem) then restart_in_sahara(self) end
  if not usable then return nil, problem end
  local report, on_opened = options.progress or function() end, self.options.on_opened or function() end
  local range = self.conversation:image(image.size, {
    chunk = self.options.chunk or download.chunk, final_ack_ms = options.final_ack_ms,
  })
  local sent
  sent, problem = carry_out(self, {
    reader = source.bytes(image.head, image.reader), chunk = range, interrupted = options.interrupted,
    progress = function(written)
      if self.conversation:status().opened then on_opened() end -- before `report`, which may raise
      take_log(self)
      report(written, image.size)
    end,
  })
  if self.conversation:status().opened then
    on_opened()
    if problem then problem.image_opened = true end
  end
  if sent then hear_out(self) end
  return sent, problem
end

--- Makes the modem leave download mode. Its port may vanish before it answers.
-- @treturn boolean true when it restarts, or nil and a failure
function Session:reset()
  local usable, problem = carry.check_usable(self)
  if not usable and words.stays_in_sahara(problem) then return restart_in_sahara(self) end
  if not usable then return nil, problem end
  self.conversation:power()
  local done
  done, problem = carry_out(self, {})
  if not done and problem.code ~= "port.closed" then return nil, problem end
  if self.options.on_reset then self.options.on_reset() end
  return true
end

--- The state of the conversation.
-- @treturn table state, opened (the loader takes or took the current image), sent, total, max_payload, sector_size,
-- pages_per_block
function Session:status()
  return self.conversation:status()
end

--- Closes the port. May be called again.
function Session:close()
  self.channel:close()
end

return download
