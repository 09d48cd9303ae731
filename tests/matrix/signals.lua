-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The signals of a kill sweep.
-- @module tests.matrix.signals

local sys = require "moonflash.core.sys"

local signals = {}

local BETWEEN_MS = 10 -- two signals at once would be one

--- What a run gets, one signal after the other.
signals.kinds = { { "KILL" }, { "TERM" }, { "INT" }, { "HUP" }, { "INT", "INT" } }

--- Sends signals to a child. A program that has ended meanwhile gets none.
function signals.send(child, names)
  for index, name in ipairs(names) do
    if index > 1 then assert(sys.sleep_ms(BETWEEN_MS)) end
    sys.kill(child.pid, name)
  end
end

return signals
