-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local template = require "moonflash.sim.template"

describe("a byte template", function()
  local T = template.new

  it("writes and reads numbers and raw bytes", function()
    local packet = T "26 <status:2> 01 <chunk:4> <id:3b> <rest>"
    local values = { status = 258, chunk = 4294967295, id = "abc", rest = "xyz" }
    local text = packet:fill(values)
    assert.equal("\38\2\1\1\255\255\255\255abcxyz", text)
    assert.same(values, packet:match(text))
  end)

  it("writes and reads bytes with their number before them", function()
    local packet = T "28 <name:1s> <value:2s> <rest>"
    local values = { name = "ab", value = "", rest = "c" }
    assert.equal("\40\2ab\0\0c", packet:fill(values))
    assert.same(values, packet:match "\40\2ab\0\0c")
    for _, short in ipairs { "\40", "\40\3ab", "\40\2ab\1", "\40\2ab\255\255c" } do
      assert.is_nil(packet:match(short))
    end
    assert.is_nil(T("<value:4s>"):match "\255\255\255\255a")
  end)

  it("fills short values up with zeros", function()
    assert.equal("ab\0\0", T("<id:4b>"):fill { id = "ab" })
  end)

  it("takes an empty rest", function()
    assert.same({ rest = "" }, T("01 <rest>"):match "\1")
  end)

  local wrong = {
    { "\1\2\3", "1 bytes too many" }, { "\1", "ends after 1 bytes" }, { "\1\9", "byte 1 is 09, not 02" },
    { "", "ends after 0 bytes" },
  }
  for _, row in ipairs(wrong) do
    it("says: " .. row[2], function()
      local values, why = T("01 02"):match(row[1])
      assert.is_nil(values)
      assert.equal(row[2], why)
    end)
  end

  it("refuses what is neither hex nor a hole", function()
    assert.has_error(function() T "7e zz" end)
  end)
end)
