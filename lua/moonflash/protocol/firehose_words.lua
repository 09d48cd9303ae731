-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Failures of the conversations of moonflash.core.sahara and moonflash.core.firehose in words.

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"

local words = {}

-- Statuses of Sahara's end of transfer (reference: firehose 4).
local statuses = { [0x18] = "bad mode", [0x1d] = "execution failed", [0x1e] = "bad parameter",
  [0x1f] = "command unsupported" }

local function whole(number)
  return ("%.0f"):format(number)
end

-- The step of the session, and how far the image had come.
local function step_of(facts)
  local text = ('"%s"'):format(facts.state)
  if (facts.sent or 0) == 0 then return text end
  return ("%s after %s of %s bytes"):format(text, whole(facts.sent), whole(facts.total))
end

local function silent(facts)
  if facts.state == "hello" then return "the loader of the modem does not say hello" end
  return "no answer to " .. step_of(facts)
end

local function not_switched(facts)
  local status = facts.number and (" (status %s, %s)"):format(whole(facts.number), statuses[facts.number] or "unknown")
  return ("the loader does not switch to Firehose%s: something was sent to its port before, or its hello was read")
    :format(status or "")
end

local function limits(facts)
  return ("the loader names sizes that make no sense: payload %s, sector %s, %s pages"):format(
    whole(facts.max_payload), whole(facts.sector_size), whole(facts.pages_per_block))
end

local function other(facts)
  return ("what answers to %s is no loader of this kind"):format(step_of(facts))
end

-- The code and the message of each kind of failure.
local of_sahara = {
  silent = { "silent", silent },
  refused = { "not_switched", not_switched },
  unexpected = { "not_switched", function() return not_switched {} end },
  other = { "other", other },
}
local of_firehose = {
  silent = { "silent", silent },
  other = { "other", other },
  sahara = { "not_switched", function() return not_switched {} end },
  refused = { "refused", function(facts) return "the loader refused " .. step_of(facts) end },
  image_refused = { "image_refused", function(facts) return "the loader refused the image at " .. step_of(facts) end },
  limits = { "limits", limits },
  unexpected = { "unexpected", function(facts) return "the loader ended the image too early: " .. step_of(facts) end },
}

--- The failure firehose.* of a conversation, nil when it has not failed. A refused image is refused again: it is final.
function words.failure(conversation)
  local facts = conversation:failure()
  if not facts then return nil end
  local kind = (facts.total and of_firehose or of_sahara)[facts.kind]
  return failure.new("firehose." .. kind[1], kind[2](facts), {
    evidence = facts.received ~= "" and "received " .. bytes.hex(facts.received) or nil,
    final = facts.kind == "image_refused" or nil,
  })
end

--- Whether a failure is that of a loader that said nothing.
function words.is_silent(problem)
  return problem.code == "firehose.silent"
end

--- Whether a failure is that of a loader that is in Sahara and will not leave it: only its restart helps.
function words.stays_in_sahara(problem)
  return problem.code == "firehose.not_switched"
end

--- Whether a failure of Sahara may be that of a loader that has left Sahara.
function words.says_no_hello(problem)
  return words.is_silent(problem) or problem.code == "firehose.other"
end

return words
