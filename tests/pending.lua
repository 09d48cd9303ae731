-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A helper of busted: adds the tests that are left out, and why, to the file MOONFLASH_SKIPPED, which
-- tests/run.sh shows at its end.
local busted = require "busted"

local reasons = {}

busted.subscribe({ "pending" }, function(element, _, message)
  reasons[element] = tostring(message):gsub("^[^:]*:%-?%d+: ", "")
end)

busted.subscribe({ "test", "end" }, function(element, _, status)
  if status ~= "pending" then return end
  local file = assert(io.open(os.getenv "MOONFLASH_SKIPPED", "a"))
  local reason = reasons[element]
  file:write(element.name, reason and ": " .. reason or "", "\n")
  file:close()
end)
