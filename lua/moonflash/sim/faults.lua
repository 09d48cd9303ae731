-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Faults and variants: named switches that change the behaviour of the simulated modem.
--
-- A switch is `NAME` or `NAME=VALUE`. A fault about a message is `NAME=MESSAGE[#N][:VALUE]`: it
-- applies to the Nth message of that name (by default the first; `#*`: to all). MESSAGE is `qmi.0048` (DMS),
-- `ctl.0022`, `at.boothold`, or one of `faults.messages`.

local failure = require "moonflash.base.failure"
local tables = require "moonflash.base.table"

local faults = {}
faults.__index = faults

--- The messages of loaders. Of an image sent by Firehose, `write` is a block of raw data, `end` its last answer.
faults.messages = {
  "qdl.switch", "qdl.hello", "qdl.open", "qdl.write", "qdl.done", "qdl.reset",
  "sahara.hello", "sahara.response", "sahara.execute", "sahara.data", "sahara.reset",
  "firehose.nop", "firehose.configure", "firehose.getstorageinfo", "firehose.program", "firehose.write",
  "firehose.end", "firehose.power",
}

--- Faults of messages, and their effect.
faults.about_messages = {
  silence = "no answer comes",
  late = "the answer comes VALUE seconds later (5)",
  cut = "only the first half of the answer comes",
  split = "the answer comes byte by byte",
  stale = "bytes of an earlier session come before the answer",
  flip = "one bit of the answer is wrong",
  unplug = "the modem vanishes instead of answering, and comes back",
  move = "the same, but it comes back in another socket",
  hold = "another program opens the ports that come next and keeps them VALUE seconds (5)",
  deaf = "the modem stops reading for good",
  refuse = "the answer has the error status VALUE",
  error = "an error frame with code VALUE comes instead (QDL; AT: +CME ERROR)",
  sequence = "the answer names another request (qdl.write, QMI)",
}

-- What a switch takes: its form on the command line, and a function that returns the value, or nil for a wrong one.
local function text(form, pattern)
  return { form = form, read = function(value) return value:match(pattern) end }
end
local FLAG = { form = "", read = function() return true end }
local NUMBER, SERIAL = { form = "=N", read = tonumber }, text("=TEXT", "^%w*$")
local PLACE, PAIR = text("=TEXT", "^%d+%-[%d.]+$"), text("=TEXT", "^[^/]+/[^/]+/[^/]+$")
local TEXT = text("=TEXT", "^.+$")
local function one_of(...)
  local words = { ... }
  return { form = "=" .. table.concat(words, "|"), read = function(value)
    for _, word in ipairs(words) do
      if word == value then return value end
    end
  end }
end
local MODE, GENERATION = one_of("application", "download"), one_of("old", "new")
local COMPOSITION = one_of("6", "8", "9", "90b1")
local ZEROS, DELIVERY = one_of("now", "next"), one_of("joined", "separate", "lines", "cut")

--- All other switches, with their meaning and what they take; `message`: a short name for a fault of a message.
faults.switches = {
  ["no-answer-0x70"] = { message = "silence=qdl.switch#*" },
  ["vanish-chunk"] = { message = "unplug=qdl.write#%s", takes = NUMBER },
  ["bad-ack"] = { message = "sequence=qdl.write#%s", takes = NUMBER },
  ["refuse-preference"] = { message = "refuse=qmi.0048#*:48" },
  ["refuse-firmware-id"] = { message = "refuse=qmi.003e#*:17" },
  ["ack-0x70"] = { means = "the loader answers 0x70 by an acknowledgement" },
  ["error-0x70"] = { means = "the loader answers 0x70 by error 22" },
  ["diag-instead"] = { means = "the port in download mode speaks DIAG" },
  ["memory-debug"] = { means = "the port in download mode sends a Sahara hello" },
  ["already-stored"] = { means = "every preferred pair is stored already" },
  ["no-preference"] = { means = "Get and Set Firmware Preference are not known" },
  ["rewrites-preference"] = { means = "after so many good boots the modem prefers what ran at first", takes = NUMBER },
  ["loses-settings"] = { means = "so many settings are taken, but not kept", takes = NUMBER },
  ["storage-full"] = { means = "no slot is free, and the modem drops no firmware by itself" },
  ["fcc-lock"] = { means = "a laptop's lock keeps the radio off until 0x555f" },
  ["w-disable"] = { means = "the W_DISABLE pin keeps the radio off" },
  ["patient"] = { means = "the loader waits for ever for the rest of a write" },
  ["low-power"] = { means = "the user keeps the radio off" },
  ["not-ready"] = { means = "seconds after each boot in which DMS answers DeviceNotReady", takes = NUMBER },
  ["clients-exhausted"] = { means = "there are no client ids until a SYNC" },
  ["skips-download"] = { means = "a restart into download mode ends in the application" },
  ["no-wanted-list"] = { means = "the answer to Set Firmware Preference has no list" },
  ["generation"] = { means = "answers of a Firehose loader: those of the 9x50, or of later chips", takes = GENERATION },
  ["delivery"] = { means = "reads in which the answers of a Firehose loader come", takes = DELIVERY },
  ["zero-block"] = { means = "the zeros behind an image fail at once, or with the next document", takes = ZEROS },
  ["hello-mode"] = { means = "the mode in the Sahara hello (2)", takes = NUMBER },
  ["max-payload"] = { means = "the largest block of a Firehose loader, in bytes (8192)", takes = NUMBER },
  ["sector-size"] = { means = "bytes of a sector of a Firehose loader (4096)", takes = NUMBER },
  ["bad-blocks"] = { means = "how many bad blocks a Firehose loader lists", takes = NUMBER },
  ["unasked-log"] = { means = "a Firehose loader tells its functions before it is asked anything" },
  ["silent-power"] = { means = "a Firehose loader restarts without an answer" },
  ["start"] = { means = "the mode at first", takes = MODE },
  ["composition"] = { means = "USB: 6 QMI, 8 MBIM, 9 MBIM alone, 90b1 no serial driver", takes = COMPOSITION },
  ["place"] = { means = "the place in application mode", takes = PLACE },
  ["boot-place"] = { means = "the place in download mode", takes = PLACE },
  ["come-back-place"] = { means = "the place after a download or a fall", takes = PLACE },
  ["revision"] = { means = "the text of the running firmware, with the family", takes = TEXT },
  ["serial"] = { means = "the serial number; empty: none", takes = SERIAL },
  ["window"] = { means = "seconds the loader waits for an image", takes = NUMBER },
  ["reset"] = { means = "seconds from reset to disconnect", takes = NUMBER },
  ["last-ack"] = { means = "seconds the last acknowledgement takes", takes = NUMBER },
  ["running"] = { means = "what runs at first: FIRMWARE/CARRIER/CONFIG", takes = PAIR },
  ["stored"] = { means = "what is stored too: FIRMWARE/CARRIER/CONFIG", takes = PAIR },
  ["preferred"] = { means = "what is preferred: FIRMWARE/CARRIER/CONFIG", takes = PAIR },
}

--- All faults, for people: { form on the command line, meaning } each.
function faults.list()
  local rows = {}
  for _, name in ipairs(tables.sorted_keys(faults.switches)) do
    local switch = faults.switches[name]
    local means = switch.means or "short for " .. switch.message:gsub("%%s", "N")
    rows[#rows + 1] = { name .. (switch.takes or FLAG).form, means }
  end
  for _, name in ipairs(tables.sorted_keys(faults.about_messages)) do
    rows[#rows + 1] = { name .. "=MESSAGE[#N][:VALUE]", faults.about_messages[name] }
  end
  return rows
end

local message_patterns = { "^qmi%.%x%x%x%x$", "^ctl%.%x%x%x%x$", "^at%.%w+$" }

local function is_message(name)
  for _, known in ipairs(faults.messages) do
    if known == name then return true end
  end
  for _, pattern in ipairs(message_patterns) do
    if name:match(pattern) then return true end
  end
end

local function refused(fault, why)
  return nil, failure.new("usage", ("no such fault: %s (%s)"):format(fault, why))
end

local function add_message_fault(self, fault, name, rest)
  local target, value = rest:match("^([^:]+):?(.*)$")
  local message, which = (target or ""):match("^([^#]+)#?(.*)$")
  if not message or not is_message(message) then return refused(fault, "no such message") end
  if not which:match("^%d*$") and which ~= "*" then return refused(fault, "# wants a number or *") end
  local rules = self.rules[message] or {}
  self.rules[message] = rules
  rules[#rules + 1] = {
    fault = name, value = tonumber(value) or true, always = which == "*", number = tonumber(which) or 1,
  }
  return true
end

local function add(self, fault)
  local name, given = fault:match("^([^=]+)=?(.*)$")
  if not name then return refused(fault, "empty") end
  if faults.about_messages[name] then return add_message_fault(self, fault, name, given) end
  local switch = faults.switches[name]
  if not switch then return refused(fault, "unknown name") end
  local value = (switch.takes or FLAG).read(given)
  if not value then return refused(fault, switch.means or "a number is missing") end
  if switch.message then return add(self, switch.message:format(given)) end
  self.values[name] = value
  return true
end

--- Reads a list of faults, strings. Returns the faults, or nil and a failure (usage).
function faults.parse(list)
  local self = setmetatable({ values = {}, rules = {}, seen = {} }, faults)
  for _, fault in ipairs(list or {}) do
    local added, failed = add(self, fault)
    if not added then return nil, failed end
  end
  return self
end

--- The value of a switch: a number or text, true when it has none, nil when it is off.
function faults:value(name)
  return self.values[name]
end

--- The faults of the current message ("qdl.open"), values by the name of the fault; empty most of the time. Call it
-- once for each message.
function faults:at(message)
  local count = (self.seen[message] or 0) + 1
  self.seen[message] = count
  local hits = {}
  for _, rule in ipairs(self.rules[message] or {}) do
    if rule.always or rule.number == count then hits[rule.fault], hits.message = rule.value, message end
  end
  return hits
end

return faults
