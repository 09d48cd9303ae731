-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Copies of tables, keys in order, and what Lua 5.4 lacks of Lua 5.1.
local tables = require "moonflash.base.table"

describe("tables", function()
  it("are merged into a new one; the later ones override the earlier ones", function()
    local first = { a = 1, b = 2 }
    local merged = tables.merge(first, nil, { b = 3, c = 4 })
    assert.same({ a = 1, b = 3, c = 4 }, merged)
    assert.same({ a = 1, b = 2 }, first)
    assert.same({}, tables.merge())
  end)

  it("give their keys sorted", function()
    assert.same({ "a", "b", "c" }, tables.sorted_keys { c = 1, a = 2, b = 3 })
    assert.same({}, tables.sorted_keys {})
  end)

  it("are unpacked and measured as in Lua 5.1", function()
    assert.same({ 2, 3 }, { tables.unpack({ 1, 2, 3 }, 2) })
    assert.equal(5, tables.maxn { 1, 2, [5] = 5, x = 7, [-1] = 1 })
    assert.equal(0, tables.maxn {})
  end)
end)
