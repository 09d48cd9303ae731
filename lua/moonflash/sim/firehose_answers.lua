-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The answers of a Firehose loader: documents in the layout of its generation, and the reads in which they arrive
-- (reference: firehose 5).

local send_answer = require "moonflash.sim.answer"
local texts = require "moonflash.sim.firehose_texts"

local answers = {}
answers.__index = answers

local pause_ms = 2 -- between two reads of the host

--- Starts on a port. Its `generation` is "old" or "new".
function answers.new(modem, port)
  local faults = modem.faults
  return setmetatable({ modem = modem, port = port, generation = faults:value "generation" or "old",
    delivery = faults:value "delivery" or "joined" }, answers)
end

--- A log document.
function answers:log(text)
  return texts.log(self.generation, text)
end

--- The log about what the loader can do.
function answers:functions()
  return self:log "SWI supported functions: CWE"
end

--- A response document. A new loader says rawmode in every response, an old one where it matters.
-- @tparam string value "ACK" or "NAK"
-- @tparam[opt] boolean raw
function answers:response(value, raw)
  if raw == nil and self.generation == "new" then raw = false end
  return texts.response(self.generation, value, raw ~= nil and ('rawmode="%s"'):format(tostring(raw)))
end

--- A response to configure, with the largest block of raw data in bytes.
function answers:limits(value, most)
  return texts.response(self.generation, value, texts.limits(most))
end

--- Documents about bytes that are no document. A new loader only logs it.
function answers:unreadable()
  local documents = {}
  for index, text in ipairs(texts.unreadable[self.generation]) do documents[index] = self:log(text) end
  if self.generation == "old" then documents[#documents + 1] = self:response "NAK" end
  return documents
end

-- The reads of the host that documents become.
local deliveries = {}

function deliveries.joined(documents) return { table.concat(documents) } end

function deliveries.separate(documents) return documents end

function deliveries.lines(documents) return { table.concat(documents, "\r\n") .. "\r\n" } end

-- Each read ends inside of the beginning of a document.
function deliveries.cut(documents)
  local reads, text = {}, table.concat(documents):gsub("<%?x", "%0\0")
  for piece in (text .. "\0"):gmatch "(%Z*)%z" do reads[#reads + 1] = piece end
  return reads
end

local function send_next(self)
  local read = table.remove(self.queue, 1)
  if not read then
    self.queue = nil
    return
  end
  self.port:send(read)
  self.modem.loop:after(pause_ms, function() send_next(self) end)
end

--- Sends documents, changed by the faults of a message.
function answers:send(documents, hits)
  if hits and hits.message then return send_answer(self.modem, self.port, table.concat(documents), hits) end
  local idle = not self.queue
  self.queue = self.queue or {}
  for _, read in ipairs(deliveries[self.delivery](documents)) do self.queue[#self.queue + 1] = read end
  if idle then send_next(self) end
end

return answers
