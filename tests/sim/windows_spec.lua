-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The short form of tests/bench/windows.lua.
local support = require "tests.support"
local windows = require "tests.windows"

describe("a download window of one second", function()
  after_each(support.finish)

  it("is met in every update", function()
    local appeared, spoken = windows.run(3)
    assert.same({ 3, 3 }, { appeared, spoken })
  end)
end)
