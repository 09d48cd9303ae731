-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The short form of the fault matrix and the kill sweep with the independent modem (the long one: tests/long.sh peer):
-- an MC7455 on its usual way. Every message is refused until the update gives up; more goes wrong where it hurts.
local report = require "tests.matrix.report"
local support = require "tests.support"
local sweep = require "tests.peer.sweep"

local AT_ONCE = 6 -- most of the time of a cell is waiting
local EVERYWHERE = "refuse, again and again"
local worst = { stale = true, flip = true, unplug = true, signals = true }
local moments = { ["dms.0x0048#1"] = true, ["qdl.hello#2"] = true, ["qdl.write#2"] = true }

describe("an update of the independent modem", function()
  after_each(support.finish)

  it("ends well or can be repeated, whatever goes wrong", function()
    local sums = sweep.run { at_once = AT_ONCE, ways = { sweep.ways()[1] }, wanted = function(moment, row)
      return row == EVERYWHERE or worst[row] and moments[moment]
    end }
    assert.equal("", report.told(sums))
    assert.is_true(sums.total > 40)
  end)
end)
