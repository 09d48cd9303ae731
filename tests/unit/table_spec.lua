-- Copies of tables, and keys in order.
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
end)
