--- A download session: the port of a modem in download mode, greeted, ready to take images.
--
--     local session, failure = download.open("/dev/ttyUSB0")
--     local ok, failure = session:send(image, { progress = function(sent, total) ... end })
--     session:reset()
--     session:close()
--
-- Straight-line calls that block with deadlines; nothing here sleeps.
-- @module moonflash.protocol.qdl

local context = require "moonflash.base.run"
local failure = require "moonflash.base.failure"
local phase = require "moonflash.engine.phase"
local port = require "moonflash.core.port"
local qdl = require "moonflash.core.qdl"
local resync = require "moonflash.protocol.resync"
local transfer = require "moonflash.core.transfer"

local download = {}

local Session = {}
Session.__index = Session

--- Milliseconds of every wait. `scale` multiplies them.
download.timing = {
  greeting_ms = 1000,    -- silence after a greeting before it is repeated
  reply_ms = 5000,       -- answer to hello, open and done
  ack_ms = 120000,       -- answer to a chunk
  final_ack_ms = 180000, -- answer to the last chunk: 50 s were seen for 64 MB
  stall_ms = 30000,      -- the modem takes no byte
  source_ms = 60000,     -- the image's source gives no byte
}
download.greeting_attempts = 5
download.chunk = 1048576
local STALE_BYTES = 4096

local function scaled_timing(options)
  local timing = {}
  for name, ms in pairs(download.timing) do
    timing[name] = math.max(1, math.floor((options[name] or ms) * (options.scale or 1)))
  end
  timing.greeting_attempts = options.greeting_attempts or download.greeting_attempts
  return timing
end

-- A modem that dumps its memory speaks when the port opens, and then never again. So what was there
-- before our greeting does not take part in it, but explains a silence.
local function explain_silence(problem, stale)
  if problem.code ~= "qdl.silent" or stale == "" then return problem end
  local listener = qdl.conversation { greeting_ms = 1, greeting_attempts = 1 }
  listener:greet()
  local want = listener:next().want
  while want == "send" or want == "receive" do
    if want == "send" then
      listener:sent()
    else
      listener:feed(stale)
      listener:timed_out()
    end
    want = listener:next().want
  end
  local explained = listener:failure()
  return explained and explained.other_protocol and explained or problem
end

-- Runs the operation the conversation was given. An interrupt ends it unless `interrupted` says to go on.
local function run(self, operation)
  local carrier = transfer.new {
    conversation = self.conversation, channel = self.channel, reader = operation.reader,
    progress = operation.progress, chunk = self.options.chunk or download.chunk,
    write_size = self.options.write_size, stall_ms = self.timing.stall_ms, source_ms = self.timing.source_ms,
  }
  self.broken = failure.new("transfer.interrupted", "the transfer was left half way") -- by an error
  local done, problem
  repeat
    done, problem = carrier:run()
  until done or problem.code ~= "transfer.interrupted"
    or not (operation.interrupted and operation.interrupted())
  carrier:close()
  self.broken = problem
  return done, problem
end

local function greet(self)
  self.conversation, self.broken = qdl.conversation(self.timing), nil
  self.conversation:greet()
  return run(self, {})
end

-- Whether a silent modem says something when it is given the rest of a write that was cut short, or time.
local function comes_round(self)
  local most, busy_ms = math.max(self.options.chunk or 0, download.chunk), self.timing.final_ack_ms
  if resync.fill(self.channel, most, self.timing.reply_ms) then return true end
  if not self.options.be_patient then return false end
  self.options.be_patient(busy_ms)
  return resync.await(self.channel, busy_ms)
end

-- Greets the modem, which may still be at work on what another program sent.
local function be_heard(self, stale)
  local greeted, silent = greet(self)
  if greeted then return true end
  silent = explain_silence(silent, stale)
  if silent.code ~= "qdl.silent" or not comes_round(self) then return nil, silent end
  return greet(self)
end

--- Opens a port and greets the modem behind it.
-- @tparam string path of the port
-- @tparam[opt] table options chunk and write_size in bytes; the names of download.timing in ms;
-- greeting_attempts; scale, a factor for all times; trace (moonflash.trace) to be told what passes, within a
-- script the one of its run; job, whose phase it tells; be_patient =
-- function(ms): the modem may still write its flash, so silence is
-- waited out, up to final_ack_ms; it is called with that when the waiting begins
-- @treturn table a session, or nil and a failure; the port is closed then
function download.open(path, options)
  options = options or {}
  local channel, problem = port.open(path)
  if not channel then return nil, problem end
  local trace = options.trace or context.trace()
  if trace then channel = trace:tap(channel, path) end
  local timing = scaled_timing(options)
  local self = setmetatable({ path = path, channel = channel, timing = timing, options = options }, Session)
  local stale = channel:read(STALE_BYTES, 0) or ""
  channel:discard()
  local greeted, silent = be_heard(self, stale)
  if greeted then return self end
  self:close()
  return nil, silent
end

-- Whether another operation may begin. After a failure none may: the first failure is returned.
local function still_whole(self)
  if not self.channel:descriptor() then error("the session is closed", 3) end
  if self.broken then return nil, self.broken end
  return true
end

--- Sends one image. When it fails, the session is of no use any more: close it and open another.
-- @tparam table image head = its first 400 bytes, size in bytes, reader standing after the head
-- @tparam[opt] table options progress = function(sent, total) in bytes of the file, called some ten
-- times a second; interrupted = function() returning whether to go on after a signal, which it must
-- have cleared; final_ack_ms, not scaled, instead of the session's
-- @treturn boolean true, or nil and a failure
function Session:send(image, options)
  options = options or {}
  local whole, problem = still_whole(self)
  if not whole then return nil, problem end
  local head_size, report = #image.head, options.progress or function() end
  self.conversation:image(image.head, image.size, {
    chunk = self.options.chunk or download.chunk, final_ack_ms = options.final_ack_ms,
  })
  local sent
  sent, problem = run(self, {
    reader = image.reader, interrupted = options.interrupted,
    progress = function(written)
      phase.image_opened(self.path, self.options.job) -- here, for what `report` raises
      report(head_size + written, image.size)
    end,
  })
  if self.conversation:status().opened then phase.image_opened(self.path, self.options.job) end
  return sent, problem
end

--- Lets the modem leave download mode. There is no answer: its port vanishes.
-- @treturn boolean true when the request was handed over, or nil and a failure
function Session:reset()
  local whole, problem = still_whole(self)
  if not whole then return nil, problem end
  self.conversation:reset()
  local done
  done, problem = run(self, {})
  if done then phase.was_reset(self.path, self.options.job) end
  return done, problem
end

--- What is known of the conversation: state, opened (the open of the present image went out), sent, total,
-- version, features, max_block, sequence.
-- @treturn table
function Session:status()
  return self.conversation:status()
end

--- Closes the port. May be called again.
function Session:close()
  self.channel:close()
end

return download
