-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Whether updates never miss a download window of one second.
--
--     lua5.1 tests/bench/windows.lua [UPDATES]      (in the environment of the tests; 200 take a while)

local support = require "tests.support"
local windows = require "tests.windows"

local updates = tonumber(arg[1] or 200)
local ok, appeared, spoken = pcall(windows.run, updates, function(number)
  if number % 10 == 0 then print(("%d of %d"):format(number, updates)) end
end)
support.finish()
if not ok then error(appeared, 0) end
print(("%d updates, %d of %d windows met"):format(updates, spoken, appeared))
