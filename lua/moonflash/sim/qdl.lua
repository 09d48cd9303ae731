--- The loader's side of the download protocol (reference: qdl). Strict: what a real loader is not
-- known to forgive is answered by an error and logged as a violation.
-- @module moonflash.sim.qdl

local crc = require "moonflash.core.crc"
local hdlc = require "moonflash.core.hdlc"
local intake = require "moonflash.sim.intake"
local T = require("moonflash.sim.template").new
local wire = require "moonflash.sim.wire"

local qdl = {}
qdl.__index = qdl

local requests = {
  switch = T "70 00 00",
  nop = T "06",
  hello = T [[01 51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63 6f 6c 20 68 73 74
              00 00 00 00 <maximum:1> <minimum:1> <features:1>]],
  open = T "25 <type:1> <length:4> 01 <chunk:4> 00 00 <header:400b>",
  done = T "29",
  reset = T "2d",
}
local write_header = T "27 <sequence:2> 00 00 00 00 <length:4> <crc:2>"
local write_header_size = 13

local answers = {
  acknowledge = T "02",
  error = T "0d <code:4> 00",
  hello = T [[02 51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63 6f 6c 20 74 67 74 30
              00 00 00 06 06 00 00 00 00 00 00 00 00 00 00 00 00 00 30]],
  open = T "26 <status:2> 01 <chunk:4>",
  write = T "28 <sequence:2> 00 00 00 00 <status:2>",
  done = T "2a <status:2> 00 00",
}

-- Error codes (reference: qdl 2)
local operation_failed, out_of_sequence, not_supported = 7, 15, 22
local bad_crc, invalid_state, receive_timeout = 23, 24, 25
-- Write statuses
local received, crc_failed, content_failed = 0, 1, 2

local features = 0x30 -- unframed streaming, QDL high speed
local longest_frame = 1024
local quiet_seconds, quiet_least_ms = 10, 500

--- Begins a conversation on a port.
-- @tparam modem modem
-- @tparam port port
function qdl.new(modem, port)
  return setmetatable({
    modem = modem, port = port, rest = "", decoder = hdlc.decoder(longest_frame), bad_frames = 0, state = "fresh",
  }, qdl)
end

local function answer(self, name, values, hits)
  local payload = answers[name]:fill(values)
  if hits.error then payload = answers.error:fill { code = hits.error == true and operation_failed or hits.error } end
  wire.answer(self.modem, self.port, hdlc.frame(payload), hits)
end

local function reject(self, code, text, hits)
  self.modem.recorder:violation("qdl", text)
  answer(self, "error", { code = code }, hits or {})
end

local function drop_image(self)
  if self.image then self.image:drop() end
  self.image, self.discarding = nil, false
end

local commands = {}

function commands.switch(self, _, hits)
  local faults = self.modem.faults
  local acknowledges = (self.modem.model.switch_answer == "acknowledge" or faults:value "ack-0x70")
    and not faults:value "error-0x70"
  if acknowledges then return answer(self, "acknowledge", nil, hits) end
  answer(self, "error", { code = not_supported }, hits)
end

function commands.nop(self, _, hits)
  answer(self, "acknowledge", nil, hits)
end

function commands.hello(self, request, hits)
  if request.minimum > 6 or request.maximum < 6 then
    return answer(self, "error", { code = not_supported }, hits)
  end
  if request.features ~= features then self.modem.recorder:violation("qdl", "hello with other features") end
  drop_image(self)
  self.state = "greeted"
  answer(self, "hello", nil, hits)
end

local function may_open(self)
  return self.state == "greeted" or self.state == "whole" and self.modem.faults:value "straight-open"
end

function commands.open(self, request, hits)
  if not may_open(self) then return reject(self, invalid_state, "open without hello", hits) end
  local path = self.modem.recorder:next_image()
  local image, status, wrong = intake.open(self.modem.model, request, path)
  if not image then self.modem.recorder:violation("qdl", "open: " .. wrong) end
  if image and hits.refuse then image, status = image:drop(), hits.refuse end
  self.image, self.state = image, image and "open" or "fresh"
  answer(self, "open", { status = status or 0, chunk = request.chunk }, hits)
end

function commands.done(self, _, hits)
  if self.state ~= "whole" then return reject(self, out_of_sequence, "done without a whole image", hits) end
  self.state = "fresh"
  answer(self, "done", { status = tonumber(hits.refuse) or 0 }, hits)
end

function commands.reset(self)
  if self.image then self.modem.recorder:violation("qdl", "reset with an image half sent") end
  drop_image(self)
  self.modem:leave_download()
end

local function command(self, payload)
  for name, template in pairs(requests) do
    local fields, wrong = template:match(payload)
    if fields then
      self.modem.recorder:note("qdl", { command = name, length = fields.length, state = self.state })
      return commands[name](self, fields, self.modem.faults:at("qdl." .. name))
    elseif template[1].literal:byte() == payload:byte() then
      return reject(self, not_supported, ("%s: %s"):format(name, wrong))
    end
  end
  reject(self, not_supported, ("unknown command %d"):format(payload:byte()))
end

-- Each taker gets the bytes not yet used and says how many it used; 0: more are needed.

local function take_frame(self, rest)
  local closing = rest:find("~", 2, true)
  if not closing then return #rest > longest_frame and #rest or 0 end
  if closing == 2 then return 1 end -- two flags in a row: the second one opens
  local payloads = self.decoder:feed(rest:sub(1, closing))
  if payloads[1] then
    command(self, payloads[1])
  else
    reject(self, bad_crc, "a frame with a bad CRC")
  end
  return closing
end

local function refuse_write(self, header, status, wrong, hits)
  self.modem.recorder:violation("qdl", "write: " .. wrong)
  drop_image(self)
  self.state, self.discarding = "fresh", true
  answer(self, "write", { sequence = header.sequence, status = status }, hits)
end

local function take_write_header(self, rest)
  if #rest < write_header_size then return 0 end
  local raw = rest:sub(1, write_header_size)
  local header, wrong = write_header:match(raw)
  local hits = self.modem.faults:at("qdl.write")
  if not header or not self.image then
    self.discarding = true
    reject(self, invalid_state, "write: " .. (wrong or "no image is open"), hits)
    return #rest
  end
  self.modem.recorder:note("qdl", { command = "write", sequence = header.sequence, length = header.length })
  self.header, self.hits = header, hits
  local good, why = self.image:begin(header)
  if crc.crc16(raw:sub(1, 11)) ~= header.crc then
    refuse_write(self, header, crc_failed, "bad header CRC", hits)
  elseif not good then
    refuse_write(self, header, content_failed, why, hits)
  elseif hits.unplug or hits.deaf then
    wire.answer(self.modem, self.port, "", hits) -- strikes while the data is under way
  end
  self.modem:image_begun()
  return write_header_size
end

local function acknowledge(self, status)
  local hits, header = self.hits, self.header
  local sequence = header.sequence
  if hits.sequence then sequence = (sequence + 1) % 65536 end
  if hits.refuse then status = tonumber(hits.refuse) or crc_failed end
  if status ~= received then
    drop_image(self)
    self.state = "fresh"
  end
  answer(self, "write", { sequence = sequence, status = status }, hits)
end

-- The loader writes its flash before it acknowledges the last data of an image.
local function finish_image(self)
  local image = self.image
  local contents, wrong = image:finish()
  self.image = nil
  self.modem.recorder:note("image", { path = image.path, size = image.size, ok = contents ~= nil, problem = wrong })
  if not contents then
    self.modem.recorder:violation("qdl", "image: " .. wrong)
    return acknowledge(self, content_failed)
  end
  self.state = "whole"
  self.modem:image_taken(contents)
  self.modem:after(self.modem:last_ack_seconds(contents), function() acknowledge(self, received) end)
end

local function take_data(self, rest)
  local taken = self.image:data(rest)
  if self.image.pending == 0 then
    if self.image:whole() then finish_image(self) else acknowledge(self, received) end
  end
  return taken
end

local function take_garbage(self, rest)
  self.modem.recorder:violation("qdl", ("%d bytes outside of frames"):format(#rest))
  return (rest:find("~", 2, true) or #rest + 1) - 1
end

local function take(self, rest)
  if self.discarding then return #rest end
  if self.image and self.image.pending > 0 then return take_data(self, rest) end
  local first = rest:sub(1, 1)
  if first == "~" then return take_frame(self, rest) end
  if first == "'" then return take_write_header(self, rest) end
  return take_garbage(self, rest)
end

local function gave_up(self)
  if self.image and self.image.pending > 0 then
    drop_image(self)
    self.state = "fresh"
    reject(self, receive_timeout, "the data of a write ended early")
  end
  self.rest, self.discarding = "", false
end

-- A loader that waits for the rest of something does not wait for ever.
local function watch_quiet(self)
  self.heard = self.modem.loop:now()
  if self.watching then return end
  self.watching = true
  local patience = math.max(quiet_least_ms, quiet_seconds * 1000 * self.modem.time_scale)
  local function look()
    local left = self.heard + patience - self.modem.loop:now()
    if left > 0 then return self.modem.loop:after(left, look) end
    self.watching = false
    if not self.port.closed then gave_up(self) end
  end
  self.modem.loop:after(patience, look)
end

--- Takes what came from the host, in any split.
function qdl:receive(bytes)
  self.modem:heard_host()
  watch_quiet(self)
  local rest = self.rest .. bytes
  while rest ~= "" and not self.port.closed do
    local taken = take(self, rest)
    if taken == 0 then break end
    rest = rest:sub(taken + 1)
  end
  self.rest = rest
end

return qdl
