-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The loader of a 9x50 after the switch to Firehose (reference: firehose 5 to 9). It takes the documents, their order
-- and the raw data of the hosts that are known to work; everything else is logged as a violation.

local answers = require "moonflash.sim.firehose_answers"
local bytes = require "moonflash.core.bytes"
local requests = require "moonflash.sim.firehose_requests"
local send_answer = require "moonflash.sim.answer"
local texts = require "moonflash.sim.firehose_texts"

local loader = {}
loader.__index = loader

local packet, longest_document, zero_block = 512, 4096, 512
local document_seconds, least_document_ms = 1, 1000 -- a document comes in one transfer, so in no time
local settings_seconds, unasked_ms = 0.1, 50

--- Starts on a port, when the host was told "confirmed".
function loader.new(modem, port)
  local faults = modem.faults
  local self = setmetatable({
    modem = modem, port = port, answers = answers.new(modem, port), rest = "", zeros = 0, swallowed = 0,
    sector_size = faults:value "sector-size" or 4096, most = faults:value "max-payload" or 8192,
  }, loader)
  self.is_new = self.answers.generation == "new"
  self.zero_block = faults:value "zero-block" or self.is_new and "now" or modem.model.zero_block
  if faults:value "unasked-log" then
    modem.loop:after(unasked_ms, function() self.answers:send { self.answers:functions() } end)
  end
  return self
end

local function violation(self, text)
  self.modem.recorder:violation("firehose", text)
end

local function reject(self, text)
  violation(self, text)
  self.answers:send(self.answers:unreadable())
end

-- --- documents --------------------------------------------------------------------------------------

local function serve(self, name, numbers, document)
  local hits, unread = self.modem.faults:at("firehose." .. name), self.unread
  self.modem.recorder:note("firehose", { command = name, text = document, fails = unread })
  self.unread = nil
  if unread then return self.answers:send(self.answers:unreadable()) end
  if hits.refuse then return self.answers:send { self.answers:response "NAK" } end
  local documents, wrong = requests[name](self, numbers, hits)
  if wrong then violation(self, wrong) end
  self.answers:send(documents, hits)
end

local function check_zeros(self)
  if self.zeros_due then violation(self, "no zeros behind a short last block") end
  self.zeros_due = false
end

local function take_document(self, document)
  local name, numbers = texts.read(document)
  if #document % packet == 0 then return violation(self, "a document that ends no transfer") end
  if self.answered == false then return violation(self, "a document before the image was answered") end
  if not name then return reject(self, "unknown document: " .. document) end
  check_zeros(self)
  serve(self, name, numbers, document)
end

-- --- raw data --------------------------------------------------------------------------------------

-- The loader reads the zero block as a document, when it has answered the image: at once, or with the next document,
-- which fails then. Returns what it says at once.
local function read_zeros(self)
  if self.zeros < zero_block or not self.answered then return {} end
  self.unread = self.zero_block == "next"
  return self.unread and {} or self.answers:unreadable()
end

local function answer_package(self, good, hits)
  self.answered = true
  local text = good and "SWI CWE image processed OK" or "Package not compatible"
  local documents = { self.answers:log(text), self.answers:response(good and "ACK" or "NAK", false) }
  for _, document in ipairs(read_zeros(self)) do documents[#documents + 1] = document end
  self.answers:send(documents, hits)
end

local function take_package(self, contents)
  local hits = self.modem.faults:at "firehose.end"
  if not hits.refuse then self.modem:image_taken(contents) end
  answer_package(self, not hits.refuse, hits)
end

-- The loader writes its flash before it answers the last sector.
local function end_package(self)
  local package, modem = self.package, self.modem
  local contents, wrong = package:finish(modem.model)
  self.package = nil
  self.zeros_due = package.size % self.most ~= 0
  modem.recorder:note("image", { path = package.path, size = package.size, ok = contents ~= nil, problem = wrong })
  if not contents then
    violation(self, "image: " .. wrong)
    return answer_package(self, false)
  end
  modem:after(contents.firmware and modem.seconds.last_ack or settings_seconds, function()
    take_package(self, contents)
  end)
end

-- It is not known what a real loader does with the data that it refused. Here it takes all of it.
local function refuse_package(self)
  self.package:drop()
  self.package, self.swallowed, self.answered = nil, self.package.remaining, true
  self.answers:send { self.answers:response("NAK", false) }
end

local function end_block(self)
  local hits = self.modem.faults:at "firehose.write"
  if hits.refuse then refuse_package(self) end
  if hits.message then send_answer(self.modem, self.port, "", hits) end
  if self.package and self.package.remaining == 0 and not self.port.closed then end_package(self) end
end

-- Takes one block at most, because a fault may strike at each.
local function take_raw(self)
  local package, modem = self.package, self.modem
  local done = package.total - package.remaining
  local taken = package:data(self.rest:sub(1, self.most - done % self.most))
  modem.torn = true
  if done == 0 then modem.recorder:note("firehose", { command = "write", size = package.total }) end
  if (done + taken) % self.most == 0 or package.remaining == 0 then end_block(self) end
  return taken
end

local function swallow(self)
  local taken = math.min(#self.rest, self.swallowed)
  self.swallowed = self.swallowed - taken
  return taken
end

local function take_zeros(self)
  local taken = math.min(#self.rest:match "^%z*", zero_block - self.zeros)
  self.zeros = self.zeros + taken
  if self.zeros < zero_block then return taken end
  self.zeros_due = false
  self.modem.recorder:note("firehose", { command = "zeros", size = self.zeros })
  local documents = read_zeros(self)
  if documents[1] then self.answers:send(documents) end
  return taken
end

-- --- the received bytes ----------------------------------------------------------------------------

local function drop_rest(self, text)
  self.rest = ""
  reject(self, text)
  return 0
end

-- A document that does not end is an error when it has come no further for a while.
local function watch(self)
  local seen = self.rest
  local ms = math.max(least_document_ms, self.modem:milliseconds(document_seconds))
  self.modem.loop:after(ms, function()
    if not self.port.closed and self.rest == seen then drop_rest(self, "a document without its end: " .. seen) end
  end)
  return 0
end

local function take_text(self)
  local _, ending = self.rest:find(texts.ending, 1, true)
  if not texts.may_begin(self.rest) or #self.rest > longest_document then
    return drop_rest(self, "no document: " .. bytes.hex(self.rest:sub(1, 64), " "))
  end
  if not ending and self.port:has_transfers() then return drop_rest(self, "a part of a document: " .. self.rest) end
  if not ending then return watch(self) end
  if ending < #self.rest then violation(self, "bytes behind a document, before its answer") end
  take_document(self, self.rest:sub(1, ending))
  return ending
end

-- Returns how many bytes were used; 0: more are needed.
local function take(self)
  if self.package then return take_raw(self) end
  if self.swallowed > 0 then return swallow(self) end
  local may_be_zeros = self.answered ~= nil and self.zeros < zero_block
  if may_be_zeros and self.rest:byte() == 0 then return take_zeros(self) end
  return take_text(self)
end

--- Takes bytes from the host, in any split.
function loader:receive(text)
  if self.package and #text % packet ~= 0 and self.port:has_transfers() then
    violation(self, "a short packet in raw data")
  end
  self.rest = self.rest .. text
  while self.rest ~= "" and not self.port.closed do
    local taken = take(self)
    if taken == 0 then break end
    self.rest = self.rest:sub(taken + 1)
  end
end

return loader
