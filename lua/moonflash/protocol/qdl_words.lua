-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Failures of a QDL conversation in words. The core (moonflash.core.qdl) gives names and numbers.
-- Texts of codes and statuses: Qualcomm's QDLEnum.h (libqmi, gobi-api).

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"

local words = {}

local errors = {
  [2] = "bad address", [3] = "bad length", [4] = "unexpected end of packet", [5] = "invalid command",
  [7] = "operation failed", [8] = "bad flash id", [9] = "bad programming voltage",
  [10] = "write verify failed", [12] = "bad security code", [13] = "power-down failed",
  [14] = "NAND programming not supported", [15] = "command out of sequence", [16] = "close failed",
  [17] = "bad feature bits", [18] = "out of space", [19] = "bad security mode",
  [20] = "multi-image NAND not supported", [21] = "power-off not supported", [22] = "command not supported",
  [23] = "bad CRC", [24] = "command in invalid state", [25] = "receive timeout",
  [26] = "image authentication error",
}

local open_statuses = {
  [0] = "accepted", "image size error", "bad image type", "header size error", "header present but not wanted",
  "header required", "memory protection", "image type not required",
}

local write_statuses = { [0] = "received", "CRC failed", "parsing the content failed" }

local done_statuses = { [0] = "done", "authentication failure", "flash write failure" }

-- The code and message for each protocol that may answer instead of QDL.
local other_protocols = {
  diag = { "qdl.diag_port",
    "this is the diagnostic port of a running modem, not a modem waiting for an image" },
  at = { "qdl.at_port",
    "this port sends text or our own bytes back, like the AT or NMEA port of a running modem; it is not a "
    .. "modem waiting for an image" },
  sahara = { "qdl.sahara",
    "the modem speaks Sahara, not QDL: it belongs to another family, or something is wrong with its loader" },
  bootrom = { "qdl.boot_rom", "only the boot ROM of the modem answers: its loader is gone" },
  unknown = { "qdl.not_qdl", "what answers is not a modem waiting for an image" },
}

local MEMORY_DEBUG = 2 -- a mode of Sahara
local CRASHED = "the modem has crashed and waits for its memory to be dumped (Sahara, mode 2)"

local function whole(number)
  return ("%.0f"):format(number)
end

-- The request, and how far the image had come.
local function request_of(facts)
  if facts.sent == 0 then return ('"%s"'):format(facts.state) end
  return ('"%s" after %s of %s bytes'):format(facts.state, whole(facts.sent), whole(facts.total))
end

-- The modem's own text, if it gave one.
local function text_of(facts)
  return facts.text == "" and "" or (' ("%s")'):format(facts.text)
end

local function refusal(facts, request, statuses)
  return ("the modem refused %s: status %s, %s%s"):format(request, whole(facts.number),
    statuses[facts.number] or "unknown", text_of(facts))
end

-- For each kind: the field of the failure that holds facts.number, and the message.
local kinds = {
  silent = { nil, function(facts)
    return ("no %sanswer to %s"):format(facts.received == "" and "" or "good ", request_of(facts))
  end },
  error = { "status", function(facts)
    return ("the modem answered %s with error %s, %s%s"):format(request_of(facts), whole(facts.number),
      errors[facts.number] or "unknown", text_of(facts))
  end },
  open_refused = { "status", function(facts) return refusal(facts, "to open the image", open_statuses) end },
  write_refused = { "status", function(facts)
    return refusal(facts, "write " .. whole(facts.sequence), write_statuses)
  end },
  done_refused = { "status", function(facts)
    return refusal(facts, ("the image (failing type %s)"):format(whole(facts.image_type)), done_statuses)
  end },
  wrong_sequence = { "sequence", function(facts)
    return ("the modem answered write %s, not write %s"):format(whole(facts.number), whole(facts.sequence))
  end },
  unexpected = { "command", function(facts)
    return ("the modem answered %s with 0x%s, which does not belong there"):format(request_of(facts),
      bytes.hex_number(facts.number, 2))
  end },
}

local function other_protocol(facts, evidence)
  local protocol = other_protocols[facts.other_protocol]
  local mode = facts.other_protocol == "sahara" and facts.number or nil
  return failure.new(protocol[1], mode == MEMORY_DEBUG and CRASHED or protocol[2],
    { evidence = evidence, other_protocol = facts.other_protocol, mode = mode })
end

--- The failure qdl.* of a conversation of moonflash.core.qdl, nil when it has not failed. It has status, sequence or
-- command, or other_protocol = "diag" | "at" | "sahara" | "bootrom" | "unknown" and the mode of a Sahara hello.
function words.failure(conversation)
  local facts = conversation:failure()
  if not facts then return nil end
  local evidence = facts.received ~= "" and "received " .. bytes.hex(facts.received) or nil
  if facts.kind == "not_qdl" then return other_protocol(facts, evidence) end
  local kind = kinds[facts.kind]
  local problem = failure.new("qdl." .. facts.kind, kind[2](facts), { evidence = evidence })
  if kind[1] then problem[kind[1]] = facts.number end
  return problem
end

return words
