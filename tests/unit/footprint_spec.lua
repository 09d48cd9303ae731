-- What it costs a router to look for modems from Lua: memory at the peak and time.
local fake = require "tests.fake_sysfs"
local modems = require "tests.fake_modems"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

-- 3 MiB are the goal. How much of the system's libraries the kernel maps along varies by some 100 kB; what
-- the process has written to itself does not.
local MOST_KB, MOST_OWN_KB, MOST_MS, MOST_BARE_KB = 3072, 560, 50, 400

-- What a process has resident, and what of it is its own, exactly: VmHWM and time(1) count in steps of some
-- 100 kB. Nothing is given back to the system meanwhile, so at its end it is the peak.
local function memory(pid)
  local text = sys.read_file(("/proc/%.0f/smaps_rollup"):format(pid))
  return tonumber(text:match "\nRss:%s+(%d+) kB"), tonumber(text:match "\nPrivate_Dirty:%s+(%d+) kB")
end

-- Memory and time of a process of its own, the best of some.
local function best_of(runs, text, ...)
  local kb, own_kb, ms = math.huge, math.huge, math.huge
  for _ = 1, runs do
    local ran = support.start(support.lua(text, ...))
    ms = math.min(ms, tonumber(ran:line(10000)))
    local all, own = memory(ran.pid)
    kb, own_kb = math.min(kb, all), math.min(own_kb, own)
    ran:stop()
  end
  return kb, own_kb, ms
end

describe("looking for modems from Lua", function()
  local tree

  before_each(function() tree = fake.new() end)
  after_each(function()
    tree:remove()
    support.finish()
  end)

  it("takes at most 3 MiB and 50 ms", function()
    local idle = 'io.write "0\\n" io.flush() io.read()'
    local _, bare_kb = best_of(1, idle)
    if bare_kb > MOST_BARE_KB then return pending "this is not stock Lua on its own machine" end
    tree:plug(modems.running)
    local kb, own_kb, ms = best_of(5, [[
      local start = os.clock()
      local devices = require("moonflash").devices { root = ... }
      assert(devices[1].model == "MC7455" and not package.loaded["moonflash.core.qmi"])
      io.write((os.clock() - start) * 1000, "\n")
      io.flush()
      require("moonflash.core.sys").sleep_ms(20000)]], tree.root)
    assert.is_true(kb <= MOST_KB, kb .. " kB")
    assert.is_true(own_kb <= MOST_OWN_KB, own_kb .. " kB of its own")
    assert.is_true(ms <= MOST_MS, ms .. " ms")
  end)
end)
