-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- From the node of a modem in download mode to our first byte at it: the simulator's clock, many tries,
-- on an idle machine and with every core busy; and what waiting costs.
--
--     lua5.1 tests/bench/appearance.lua [TRIES]      (in the environment of the tests)

local at = require "moonflash.protocol.at"
local device = require "moonflash.device"
local download = require "moonflash.protocol.qdl"
local files = require "moonflash.engine.model_files"
local follow = require "moonflash.device.follow"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local watch = require "moonflash.device.watch"

local tries = tonumber(arg[1] or 200)
local function must(result, problem)
  return result or error(tostring(problem), 2)
end

local models = must(files.all())

local function await(follower, mode)
  return must(follower:wait { mode = mode, within_ms = 20000 })
end

-- Into download mode by AT!BOOTHOLD, a greeting, and out again.
local function try(dev)
  local follower = device.follow(dev, models)
  local session = must(device.open_node(dev.nodes.at, at.open, 3000))
  must(session:unlock(2000))
  follower:arm()
  local taken, problem = session:command("AT!BOOTHOLD", 2000)
  if not taken and problem.code ~= "at.closed" then error(tostring(problem), 0) end
  session:close()
  local loader = must(device.open_node(await(follower, "download").nodes.qdl, download.open, 3000))
  follower:arm()
  must(loader:reset())
  loader:close()
  local back = await(follower, "application")
  follower:close()
  return back
end

-- The time from each "ready" of the download port to the first command at it.
local function delays(root)
  local found, since = {}, nil
  for _, entry in ipairs(support.log(root)) do
    if entry.event == "usb" and entry.action == "ready" and entry.mode == "download" then since = entry.t end
    if entry.event == "qdl" and since then
      found[#found + 1] = entry.t - since
      since = nil
    end
  end
  table.sort(found)
  return found
end

local function measure(title)
  local modem = support.simulator("mc7455", { time_scale = 0.01, faults = { "window=6000" } })
  local dev = must(device.select(device.list(modem.root, models)))
  for _ = 1, tries do dev = try(dev) end
  local found = delays(modem.root)
  print(("%-10s %d tries: median %.1f ms, worst %.1f ms"):format(title, #found,
    found[math.ceil(#found / 2)], found[#found]))
  modem:stop()
end

local function keep_busy()
  local _, cores = (sys.read_file "/proc/cpuinfo" or "processor"):gsub("processor", "")
  for _ = 1, cores do support.start(support.lua "while true do end") end
end

-- The share of a core that a wait for something that does not come takes.
local function waiting(title, events)
  local modem = support.simulator "mc7455"
  local dev = must(device.select(device.list(modem.root, models)))
  local follower = follow.new(dev, models, { watch = events })
  follower:arm()
  local before, within_ms = os.clock(), 5000
  follower:wait { mode = "download", within_ms = within_ms }
  print(("waiting    %s: %.2f %% of a core"):format(title, (os.clock() - before) * 100000 / within_ms))
  follower:close()
  modem:stop()
end

local function run()
  waiting "with uevents"
  waiting("looking every 10 ms", watch.poll())
  measure "idle"
  keep_busy()
  measure "busy"
end

local ok, problem = pcall(run)
support.finish()
if not ok then error(problem, 0) end
