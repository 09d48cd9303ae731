-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Records the traces beside this file anew, on the simulator:
--     MOONFLASH=build/moonflash lua5.1 tests/traces/record.lua
-- with LUA_PATH and LUA_CPATH as the tests have them.
local sessions = require "tests.traces.sessions"
local support = require "tests.support"

local function record(session)
  local files = sessions.images(support.folder())
  local modem = support.simulator("mc7455", { time_scale = sessions.time_scale, faults = session.faults })
  local path = "tests/traces/" .. session.name .. ".trace"
  local argv = { support.program, "--root", modem.root, "--trace", path }
  for _, word in ipairs(sessions.words(session, files)) do argv[#argv + 1] = word end
  local run = support.run(argv, { deadline_ms = 60000 })
  support.finish()
  print(session.name, run.status, run.status == session.exit and "" or run.stderr)
end

for _, session in ipairs(sessions.list) do record(session) end
