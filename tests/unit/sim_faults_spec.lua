-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local faults = require "moonflash.sim.faults"
local script_faults = require "moonflash.sim.script_faults"

describe("faults of the simulator", function()
  it("strike at the nth message of a kind, once", function()
    local list = faults.parse { "silence=qdl.write#3", "refuse=qmi.0048:48" }
    assert.same({}, list:at "qdl.write")
    assert.same({}, list:at "qdl.write")
    assert.is_true(list:at("qdl.write").silence)
    assert.same({}, list:at "qdl.write")
    assert.equal(48, list:at("qmi.0048").refuse)
  end)

  it("strike always when told so", function()
    local list = faults.parse { "late=at.boothold#*:2" }
    for _ = 1, 3 do assert.equal(2, list:at("at.boothold").late) end
  end)

  it("have short names", function()
    local list = faults.parse { "vanish-chunk=2", "window=1.5", "ack-0x70", "place=1-1.4" }
    list:at "qdl.write"
    assert.is_true(list:at("qdl.write").unplug)
    assert.equal(1.5, list:value "window")
    assert.is_true(list:value "ack-0x70")
    assert.equal("1-1.4", list:value "place")
    assert.is_nil(list:value "error-0x70")
  end)

  for _, text in ipairs { "", "nonsense", "window", "window=soon", "place=here", "start=dead", "silence",
    "silence=qdl.nothing", "silence=qdl.open#x", "running=1/2", "=" } do
    it("refuse " .. ("%q"):format(text), function()
      local list, failure = faults.parse { text }
      assert.is_nil(list)
      assert.equal("usage", failure.code)
    end)
  end
end)

describe("the faults of test-script", function()
  local function names_of(model)
    local names = {}
    for _, row in ipairs(script_faults.of(model)) do
      assert(faults.parse { unpack(row, 2) })
      names[row[1]] = table.concat(row, " ", 2)
    end
    return names
  end

  it("are known to the simulator, and fit the loader of the model", function()
    for model, has in pairs { mc7455 = "qdl.", em7565 = "firehose." } do
      local names = names_of(model)
      assert.equal("", names["no fault"])
      assert.truthy(names["stale bytes"]:find(has, 1, true))
      assert.equal(model == "em7565", names["image refused"] ~= nil)
      assert.equal(model == "mc7455", names["error frame"] ~= nil)
    end
  end)
end)
