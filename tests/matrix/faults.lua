-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What can go wrong with a message: one row for each way, with the messages it makes sense for. The
-- simulated modem plays them (moonflash.sim.faults).
--
-- Times: the modem lives a thousand times faster than a real one, the program's deadlines are a fiftieth of
-- the real ones, so a second of the program is twenty of the modem. That is what a busy machine can do.
-- @module tests.matrix.faults

local faults = {}

--- The factors of both clocks.
faults.time_scale, faults.timeout_scale = 0.001, 0.02

local RATIO = faults.timeout_scale / faults.time_scale

--- The loader's 29 s, by the program's clock. One that speaks Firehose was seen to wait for good.
-- @tparam string model
-- @tparam[opt] number times so often 29 s
function faults.window(model, times)
  return ("window=%d"):format(model == "em7565" and 1000000 or 29 * RATIO * (times or 1))
end

-- The longest the program waits for an answer, in its seconds; a little more is too late.
local patience = {
  ctl = 10, qmi = 10, at = 5, ["qdl.switch"] = 5, ["qdl.hello"] = 5, ["qdl.open"] = 5, ["qdl.write"] = 120,
  ["qdl.done"] = 30, sahara = 3, firehose = 10, ["firehose.end"] = 300,
}

local function kind_of(message)
  return message:match "^[^.]+"
end

local function too_late(message)
  return math.ceil((patience[message] or patience[kind_of(message)]) * 1.3 * RATIO)
end

-- Messages that have no answer: a row names them itself.
local without_answer = { ["qdl.reset"] = true, ["firehose.write"] = true }

-- Whether a message is on the list of a row, by itself or by its kind.
local function applies(row, message)
  if row.except and row.except[message] then return false end
  for _, name in ipairs(row.to) do
    if name == message or name == kind_of(message) and not without_answer[message] then return true end
  end
  return false
end

local answered = { "ctl", "qmi", "at", "qdl", "sahara", "firehose" }
local everything = { "ctl", "qmi", "at", "qdl", "sahara", "firehose", "qdl.reset" }
local received = { "ctl", "qmi", "at", "qdl", "sahara", "firehose", "qdl.reset", "firehose.write" }
local reliable = { "ctl", "qmi", "at", "qdl", "firehose" } -- Sahara has no way to find its place again

local INTERNAL = "3" -- a QMI error

--- name; fault, as the simulator calls it; to: kinds of messages or single ones; value: text or
-- function(message); except: not to these; mild: the first run already gets over it; times: for so many in
-- a row, after which the first run has given up.
--
-- What is left out, and why: only silence and a loss of the modem can happen to qdl.reset, for it has no
-- answer, and only a refusal and a loss to the data of Firehose. A port that another program opens loses the hello
-- of Sahara. A sequence number is in the answers of CTL, QMI and qdl.write alone. qdl.switch and qdl.hello
-- have no status; an error frame stands for it. CTL and QMI have no other error than their status. A
-- preference that is refused is not set again: the second run would meet what is left of a repeated refusal.
faults.rows = {
  { name = "silence", to = everything },
  { name = "late", to = answered, mild = true },
  { name = "too late", fault = "late", to = answered, value = too_late },
  { name = "cut", to = answered },
  { name = "split", to = answered, mild = true },
  { name = "stale", to = reliable, mild = true },
  { name = "flip", to = answered },
  { name = "sequence", to = { "ctl", "qmi", "qdl.write" } },
  { name = "status", fault = "refuse", to = { "ctl", "qmi" }, value = INTERNAL },
  { name = "status", fault = "refuse", to = { "at", "qdl.open", "qdl.write", "qdl.done" }, value = "1" },
  { name = "status", fault = "refuse", to = { "sahara", "firehose", "firehose.write" }, value = "31" },
  { name = "status, again and again", fault = "refuse", to = { "firehose.program" }, value = "1", times = 3 },
  { name = "error frame", fault = "error", to = { "at", "qdl" }, value = "7" },
  { name = "status, again and again", fault = "refuse", to = { "ctl", "qmi" }, value = INTERNAL, times = 4,
    except = { ["qmi.0048"] = true } },
  { name = "status, again and again", fault = "refuse", to = { "at", "qdl.open", "qdl.write", "qdl.done" },
    value = "1", times = 3 },
  { name = "unplug", to = received },
  { name = "unplug, elsewhere", fault = "move", to = received },
  { name = "held for a moment", fault = "hold", to = everything, value = "10", mild = true },
  { name = "held", fault = "hold", to = everything, value = tostring(60 * RATIO) },
}

--- The faults of a row for the nth message of a kind, as the simulator takes them.
-- @treturn ?table texts; nil when they make no sense
function faults.texts(row, message, number)
  if not applies(row, message) then return nil end
  local value, list = row.value, {}
  if type(value) == "function" then value = value(message) end
  for at = number, number + (row.times or 1) - 1 do
    list[#list + 1] = ("%s=%s#%d%s"):format(row.fault or row.name, message, at, value and ":" .. value or "")
  end
  return list
end

return faults
