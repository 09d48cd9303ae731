-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The long forms of the fault matrix and the kill sweep: main.lua matrix|whole|kill|peer [SEED]. Red ones are told
-- with their story; the exit status is 0 when all are green.

local peer_sweep = require "tests.peer.sweep"
local support = require "tests.support"
local sweep = require "tests.matrix.sweep"
local sys = require "moonflash.core.sys"

local AT_ONCE = 8 -- most of the time of a cell is waiting
local RANDOM_KILLS = 200

local forms = {
  matrix = function(each)
    return sweep.matrix { at_once = AT_ONCE, each = each }
  end,
  whole = function(each)
    return sweep.matrix { at_once = AT_ONCE, whole = true, each = each }
  end,
  kill = function(each)
    return sweep.kills { at_once = AT_ONCE, at_random = RANDOM_KILLS, seed = tonumber(arg[2] or 1),
      each = each }
  end,
  peer = function(each)
    return peer_sweep.run { at_once = AT_ONCE, each = each }
  end,
}

local function say(...)
  io.stdout:write(string.format(...), "\n")
  io.stdout:flush()
end

local function tell(done, total, job, outcome)
  if outcome.wrong then say("RED %s: %s\n%s", job.name, outcome.wrong, outcome.story or "") end
  if done % 100 == 0 then say("%d of %d", done, total) end
end

-- "12 times silence, 3 times cut"
local function counted(counts)
  local list = {}
  for name, count in pairs(counts) do list[#list + 1] = ("%d times %s"):format(count, name) end
  table.sort(list)
  return table.concat(list, ", ")
end

local function sum_up(form, report, began)
  for _, red in ipairs(report.red) do say("red: %s: %s", red.name, red.words) end
  say("%s: %d, %d red, in %d s", form, report.total, #report.red,
    math.ceil((sys.clock_ms() - began) / 1000))
  say("faults: %s", counted(report.rows))
  say("first runs ended with %s", counted(report.exits))
end

local function main(form)
  local began = sys.clock_ms()
  local report = forms[form](tell)
  sum_up(form, report, began)
  return #report.red == 0
end

local fine, green = pcall(main, arg[1])
support.finish()
if not fine then error(green, 0) end
if not green then error("not all are green", 0) end
