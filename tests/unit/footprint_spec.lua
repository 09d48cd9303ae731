-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What a router pays to list modems from Lua: memory and processor time beyond those of lua5.1 itself.
local fake = require "tests.fakes.sysfs"
local modems = require "tests.fakes.modems"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

-- 1.2 MiB, and ms of processor time.
local MOST_KB, MOST_MS = 1229, 50

-- The memory that only this process has: what it has written. Pages of files are left out, because the kernel
-- decides how many of these it maps, and that depends on the rest of the machine.
local function own_kb(pid)
  local text = sys.read_file(("/proc/%.0f/smaps_rollup"):format(pid))
  return tonumber(text:match "\nAnonymous:%s+(%d+) kB") + tonumber(text:match "\nSwap:%s+(%d+) kB")
end

-- Runs a chunk that writes its processor time and then waits. Nothing is given back to the system meanwhile,
-- so the memory at the end is the peak.
local function measure(text, ...)
  local child = support.start(support.lua(text .. [[
    io.write(os.clock() * 1000, "\n")
    io.flush()
    io.read()]], ...))
  local ms = tonumber(child:line())
  local kb = own_kb(child.pid)
  child:stop()
  return kb, ms
end

-- The best of some runs: other programs can only make a run dearer.
local function best_of(runs, text, ...)
  local least_kb, least_ms = math.huge, math.huge
  for _ = 1, runs do
    local kb, ms = measure(text, ...)
    least_kb, least_ms = math.min(least_kb, kb), math.min(least_ms, ms)
  end
  return least_kb, least_ms
end

describe("listing modems from Lua", function()
  local tree

  before_each(function() tree = fake.new() end)
  after_each(function()
    tree:remove()
    support.finish()
  end)

  it("takes at most 1.2 MiB more than lua5.1 alone, and 50 ms", function()
    tree:plug(modems.running)
    local bare_kb, bare_ms = best_of(3, "")
    local kb, ms = best_of(5, [[
      local devices = require("moonflash").devices { root = ... }
      assert(devices[1].model == "MC7455" and not package.loaded["moonflash.core.qmi"])
    ]], tree.root)
    assert.is_true(kb - bare_kb <= MOST_KB, kb - bare_kb .. " kB")
    assert.is_true(ms - bare_ms <= MOST_MS, ms - bare_ms .. " ms")
  end)
end)
