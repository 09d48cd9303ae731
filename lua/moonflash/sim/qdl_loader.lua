-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The boot loader: its answers to commands and writes (reference: qdl). A request that no real loader is known to
-- accept gets an error and is logged as a violation. moonflash.sim.qdl_port finds commands and data in the received
-- bytes.

local crc = require "moonflash.core.crc"
local hdlc = require "moonflash.core.hdlc"
local image_receiver = require "moonflash.sim.image_receiver"
local send_answer = require "moonflash.sim.answer"
local T = require("moonflash.sim.template").new

local loader = {}
loader.__index = loader

--- Bytes of the header before the data of a write.
loader.write_header_size = 13

local requests = {
  switch = T "70 00 00",
  hello = T [[01 51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63 6f 6c 20 68 73 74
              00 00 00 00 <maximum:1> <minimum:1> <features:1>]],
  open = T "25 <type:1> <length:4> 01 <chunk:4> 00 00 <header:400b>",
  done = T "29",
  reset = T "2d",
}
local write_header = T "27 <sequence:2> 00 00 00 00 <length:4> <crc:2>"

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

local version, features = 6, 0x30 -- unframed streaming, QDL high speed
local settings_seconds = 0.1 -- to write settings to the flash

--- Starts on a port.
function loader.new(modem, port)
  return setmetatable({ modem = modem, port = port, state = "fresh" }, loader)
end

local function answer(self, name, values, hits)
  local payload = answers[name]:fill(values)
  if hits.error then
    payload = answers.error:fill { code = tonumber(hits.error) or operation_failed }
  end
  send_answer(self.modem, self.port, hdlc.frame(payload), hits)
end

local function violation(self, text)
  self.modem.recorder:violation("qdl", text)
end

local function reject(self, code, text, hits)
  violation(self, text)
  answer(self, "error", { code = code }, hits or {})
end

local function drop_image(self)
  if self.image then self.image:drop() end
  self.image, self.state = nil, "fresh"
end

local commands = {}

function commands.switch(self, _, hits)
  local faults = self.modem.faults
  local acknowledges = self.modem.model.switch_answer == "acknowledge" or faults:value "ack-0x70"
  if acknowledges and not faults:value "error-0x70" then return answer(self, "acknowledge", nil, hits) end
  answer(self, "error", { code = not_supported }, hits)
end

function commands.hello(self, request, hits)
  if request.minimum > version or request.maximum < version then
    return answer(self, "error", { code = not_supported }, hits)
  end
  if request.features ~= features then violation(self, "hello with other features") end
  drop_image(self)
  self.state = "greeted"
  answer(self, "hello", nil, hits)
end

function commands.open(self, request, hits)
  if self.state ~= "greeted" then return reject(self, invalid_state, "open without hello", hits) end
  local image, status, wrong = image_receiver.open(self.modem.model, request, self.modem.recorder:next_image())
  if wrong then violation(self, "open: " .. wrong) end
  self.image, self.state = image, "open"
  if image and hits.refuse then status = tonumber(hits.refuse) or 1 end
  if status then drop_image(self) end
  answer(self, "open", { status = status or 0, chunk = request.chunk }, hits)
end

function commands.done(self, _, hits)
  if self.state ~= "whole" then
    return reject(self, out_of_sequence, "done without a whole image", hits)
  end
  self.state = "fresh"
  answer(self, "done", { status = tonumber(hits.refuse) or 0 }, hits)
end

function commands.reset(self, _, hits)
  if self.image then violation(self, "reset with an image half sent") end
  if hits.message then return send_answer(self.modem, self.port, "", hits) end
  drop_image(self)
  self.modem:leave_download()
end

--- Takes a command.
function loader:command(payload)
  for name, template in pairs(requests) do
    local fields, wrong = template:match(payload)
    if fields then
      self.modem.recorder:note("qdl", {
        command = name, length = fields.length, state = self.state, torn = self.modem.torn,
      })
      return commands[name](self, fields, self.modem.faults:at("qdl." .. name))
    elseif template[1].literal:byte() == payload:byte() then
      return reject(self, not_supported, ("%s: %s"):format(name, wrong))
    end
  end
  reject(self, not_supported, ("unknown command %d"):format(payload:byte() or 0))
end

--- Takes a frame with a wrong CRC.
function loader:bad_frame()
  reject(self, bad_crc, "a frame with a bad CRC")
end

local function refuse_write(self, header, status, wrong, hits)
  violation(self, "write: " .. wrong)
  drop_image(self)
  answer(self, "write", { sequence = header.sequence, status = status }, hits)
  return false
end

--- Takes the header of a write. Returns whether its data is taken; else all following bytes are dropped.
function loader:begin_write(raw)
  local header, malformed = write_header:match(raw)
  local hits = self.modem.faults:at "qdl.write"
  if not header or not self.image then
    reject(self, invalid_state, "write: " .. (malformed or "no image is open"), hits)
    return false
  end
  self.modem.recorder:note("qdl", { command = "write", sequence = header.sequence, length = header.length })
  if crc.crc16(raw:sub(1, 11)) ~= header.crc then
    return refuse_write(self, header, crc_failed, "bad header CRC", hits)
  end
  local good, wrong = self.image:begin(header)
  if not good then return refuse_write(self, header, content_failed, wrong, hits) end
  self.sequence, self.hits = header.sequence, hits
  self.modem.torn = true
  if hits.unplug or hits.deaf then send_answer(self.modem, self.port, "", hits) end -- in the middle of the data
  return true
end

local function acknowledge(self)
  local hits, sequence, status = self.hits, self.sequence, received
  if hits.sequence then sequence = (sequence + 1) % 65536 end
  if hits.refuse then
    status = tonumber(hits.refuse) or crc_failed
    drop_image(self)
  end
  answer(self, "write", { sequence = sequence, status = status }, hits)
end

-- The loader writes its flash before it acknowledges the last data. A modem that is unplugged before that has a torn
-- image.
local function finish_image(self)
  local image = self.image
  local contents, wrong = image:finish()
  self.image, self.state = nil, contents and "whole" or "fresh"
  self.modem.recorder:note("image", {
    path = image.path, size = image.size, ok = contents ~= nil, problem = wrong,
  })
  if not contents then
    return refuse_write(self, { sequence = self.sequence }, content_failed, "image: " .. wrong, self.hits)
  end
  self.modem:after(contents.firmware and self.modem.seconds.last_ack or settings_seconds, function()
    self.modem:image_taken(contents)
    acknowledge(self)
  end)
end

--- How many bytes of data are missing.
function loader:pending()
  return self.image and self.image.pending or 0
end

--- Takes data of a write. Returns how many bytes were taken.
function loader:data(data)
  local taken = self.image:data(data)
  if self.image.remaining == 0 then
    finish_image(self)
  elseif self.image.pending == 0 then
    acknowledge(self)
  end
  return taken
end

--- The host sends nothing more in the middle of a write.
function loader:timed_out()
  drop_image(self)
  reject(self, receive_timeout, "the data of a write ended early")
end

return loader
