-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What a Firehose loader answers to each document (reference: firehose 6). Each function takes the loader, the numbers
-- of the document and the faults about it, and returns the documents of the answer, and a violation if there is one.

local package_receiver = require "moonflash.sim.package_receiver"
local texts = require "moonflash.sim.firehose_texts"

local requests = {}

local pages = 64
local restart_seconds = 1 -- in which the host reads the answer

function requests.nop(self)
  local acknowledged = self.answers:response "ACK"
  if self.is_new or self.modem.faults:value "unasked-log" then return { acknowledged } end
  return { self.answers:functions(), acknowledged }
end

-- A refusal tells the host the real limit, and the session goes on with it.
function requests.configure(self, numbers)
  self.configured = true
  local good = numbers[1] <= self.most and numbers[1] >= self.sector_size
  return { self.answers:limits(good and "ACK" or "NAK", self.most) }
end

-- A new loader does not describe its flash.
function requests.getstorageinfo(self)
  local documents, bad_blocks = {}, self.modem.faults:value "bad-blocks" or 0
  for index, text in ipairs(self.is_new and {} or texts.storage(self.sector_size, pages, bad_blocks)) do
    documents[index] = self.answers:log(text)
  end
  documents[#documents + 1] = self.answers:response "ACK"
  return documents
end

local function mistake_in_program(self, numbers)
  if not self.configured then return "program before configure" end
  if numbers[1] ~= pages then return ("%.0f pages"):format(numbers[1]) end
  if numbers[2] ~= self.sector_size then return ("sectors of %.0f bytes"):format(numbers[2]) end
  if numbers[3] == 0 then return "no sectors" end
end

function requests.program(self, numbers)
  local mistake = mistake_in_program(self, numbers)
  if mistake then return { self.answers:log("ERROR: " .. mistake), self.answers:response "NAK" }, mistake end
  self.package = package_receiver.open(numbers[3], self.sector_size, self.modem.recorder:next_image())
  self.zeros, self.answered = 0, false
  return { self.answers:response("ACK", true) }
end

function requests.power(self, _, hits)
  if not hits.silence and not hits.deaf then
    self.modem:after(restart_seconds, function() self.modem:leave_download() end)
  end
  if self.modem.faults:value "silent-power" then return {} end
  return { self.answers:log " Requested POWER_RESET", self.answers:response "ACK" }
end

return requests
