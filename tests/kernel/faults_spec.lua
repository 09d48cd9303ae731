-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The part of the fault matrix and of the kill sweep that depends on the transport: what goes wrong in download mode,
-- over USB without a serial driver.
local cells = require "tests.matrix.cells"
local report = require "tests.matrix.report"
local support = require "tests.support"
local sweep = require "tests.matrix.sweep"

local AT_ONCE = 3 -- each has a socket of vhci_hcd

local every, none, lost = {}, {}, { cut = true, unplug = true }
local telling = { silence = true, cut = true, flip = true, status = true, ["status, again and again"] = true,
  ["error frame"] = true, unplug = true }

-- What happens to which message.
local qdl = {
  ["qdl.hello#1"] = every, ["qdl.write#2"] = every, ["qdl.open#1"] = telling, ["qdl.done#1"] = telling,
  ["qdl.switch#1"] = lost, ["qdl.write#1"] = lost, ["qdl.write#3"] = lost, ["qdl.reset#1"] = lost,
}
local firehose = {
  ["firehose.configure#1"] = telling, ["firehose.write#1"] = telling,
  ["firehose.end#1"] = { status = true, unplug = true },
}

local function way_of(model)
  for _, way in ipairs(cells.ways "preference") do
    if way.model == model then
      way.usb = true
      return way
    end
  end
end

-- The next socket is that of another modem.
local function matrix(model, choice)
  return sweep.matrix { at_once = AT_ONCE, ways = { way_of(model) }, wanted = function(message, row)
    local rows = choice[message.name .. "#" .. message.number] or none
    return (rows == every or rows[row.name]) and row.name ~= "unplug, elsewhere"
  end }
end

describe("a fault or a signal in download mode over USB", function()
  after_each(support.finish)

  local function test(title, least, run)
    it(title, function()
      local sums = run()
      print(sums.total .. " cells")
      assert.is_true(sums.total >= least)
      assert.equal("", report.told(sums))
    end)
  end

  test("QDL: an update succeeds, or a second run repairs the modem", 45, function()
    return matrix("mc7455", qdl)
  end)

  test("Firehose: an update succeeds, or a second run repairs the modem", 8, function()
    return matrix("em7565", firehose)
  end)

  test("signals: the next run completes the update", 5, function()
    return sweep.kills { at_once = AT_ONCE, way = way_of "mc7455", at_random = 0, seed = 1,
      messages = { { name = "qdl.write", number = 2 } } }
  end)
end)
