-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Updates of a simulated modem that leaves download mode after one second of silence.
--
--     local count = windows.run(200, function(number) print(number) end)
-- @module tests.windows

local packages = require "tests.images.packages"
local support = require "tests.support"

local windows = {}

-- 20 s of the modem's time are one second here; everything else goes 20 times as fast.
local MODEM = { time_scale = 0.05, faults = { "window=20", "last-ack=1" } }

local function update(modem, files)
  return support.run({ support.program, "--root", modem.root, "update", "--force", files[1], files[2] },
    { deadline_ms = 60000 })
end

-- How often the modem came up in download mode, and whether it was spoken to then.
local function entries(modem)
  local appeared, spoken, since = 0, 0, false
  for _, entry in ipairs(support.log(modem.root)) do
    local ready = entry.event == "usb" and entry.action == "ready" and entry.mode == "download"
    if ready then appeared, since = appeared + 1, true end
    if entry.event == "qdl" and since then spoken, since = spoken + 1, false end
  end
  return appeared, spoken
end

--- Runs updates, each of which must succeed.
-- @tparam number count
-- @tparam[opt] function progress called with the number of each that is done
-- @treturn number how often the modem came up in download mode
-- @treturn number how often it was spoken to in time
function windows.run(count, progress)
  local folder = support.folder()
  local files = { packages.write(packages.firmware { size = 400000 }, folder),
    packages.write(packages.settings {}, folder) }
  local modem = support.simulator("mc7455", MODEM)
  for number = 1, count do
    local run = update(modem, files)
    if run.status ~= 0 then error(("update %d: %s"):format(number, run.stderr), 0) end
    if progress then progress(number) end
  end
  return entries(modem)
end

return windows
