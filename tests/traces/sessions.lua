-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The sessions of the traces beside this file: what was run on which modem. `record.lua` records them
-- anew, tests/sim/replay_spec.lua replays them. All with the same small images.
local packages = require "tests.images.packages"

local sessions = {}

-- At this scale of the modem's time nothing takes long, and the program's own waits end soon after.
sessions.time_scale = 0.01

--- name of the trace; faults of the simulator; words of the command line, FILES for the images; exit.
sessions.list = {
  { name = "update", words = { "update", "--chunk-size", "16384", "FILES" }, exit = 0 },
  { name = "write-refused", faults = { "refuse=qdl.write#*:2" }, exit = 7,
    words = { "update", "--timeout-scale", "0.05", "FILES" } },
  { name = "missed-window", faults = { "window=0.01" }, exit = 6,
    words = { "update", "--timeout-scale", "0.1", "--route", "preference", "FILES" } },
}

--- Updates with the same images that the simulator has no part in: in a virtual machine with another
-- software modem, behind the kernel's own drivers. The modem over MBIM goes from its USB 3 to its USB 2 place
-- and back.
sessions.kernel = { "kernel-qmi", "kernel-mbim" }

--- Makes the images, always the same.
-- @tparam string folder
-- @treturn table their paths, in the order of the command line
function sessions.images(folder)
  local options = { seed = 7, size = 60000, settings_size = 3000 }
  local firmware, settings = packages.firmware(options), packages.settings(options)
  return { packages.write(firmware, folder), packages.write(settings, folder) }
end

--- The words of a session's command line.
-- @tparam table session
-- @tparam table files
-- @treturn table
function sessions.words(session, files)
  local words = {}
  for _, word in ipairs(session.words) do
    for _, one in ipairs(word == "FILES" and files or { word }) do words[#words + 1] = one end
  end
  return words
end

return sessions
