-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The short forms of the fault matrix and the kill sweep (tests/long.sh has the long ones): every message of
-- an MC7455's update by the normal route with the faults that lose most, and signals where they
-- hurt and at some instants.
local cells = require "tests.matrix.cells"
local report = require "tests.matrix.report"
local support = require "tests.support"
local sweep = require "tests.matrix.sweep"

local AT_ONCE = 4
local worst = { silence = true, cut = true, ["unplug, elsewhere"] = true }

describe("whatever goes wrong", function()
  after_each(support.finish)

  it("with a message, an update succeeds, or a second run repairs the modem", function()
    local sums = sweep.matrix { at_once = AT_ONCE, ways = { cells.ways("preference")[1] },
      wanted = function(_, row) return worst[row.name] end }
    assert.is_true(sums.total > 70)
    assert.equal("", report.told(sums))
  end)

  it("with the program itself, the next run brings the modem online", function()
    local sums = sweep.kills { at_once = AT_ONCE, at_random = 15, seed = 7, messages = {
      { name = "qmi.0048", number = 1 }, -- what is preferred is not stored
      { name = "qdl.hello", number = 2 }, -- in download mode, no image begun
      { name = "qdl.write", number = 2 },
    } }
    assert.equal(30, sums.total)
    assert.equal("", report.told(sums))
  end)
end)
