-- What it costs a router to look for modems from Lua: memory at the peak and time.
local fake = require "tests.fake_sysfs"
local modems = require "tests.fake_modems"
local support = require "tests.support"

local MOST_KB, MOST_MS = 3072, 50

-- Peak and time of a process of its own, the best of some: what the system's libraries take varies by
-- some 100 kB with where the kernel puts them, and time with what else the machine does.
local function best_of(runs, text, ...)
  local kb, ms = math.huge, math.huge
  for _ = 1, runs do
    local ran = support.run(support.lua(text, ...))
    assert.equal(0, ran.status, ran.stderr)
    local peak, time = ran.stdout:match "^(%d+) (%S+)\n$"
    kb, ms = math.min(kb, tonumber(peak)), math.min(ms, tonumber(time))
  end
  return kb, ms
end

describe("looking for modems from Lua", function()
  local tree

  before_each(function() tree = fake.new() end)
  after_each(function()
    tree:remove()
    support.finish()
  end)

  it("takes at most 3 MiB and 50 ms", function()
    tree:plug(modems.running)
    local kb, ms = best_of(5, [[
      local start = os.clock()
      local devices = require("moonflash").devices { root = ... }
      assert(devices[1].model == "MC7455" and not package.loaded["moonflash.core.qmi"])
      local ms = (os.clock() - start) * 1000
      local peak
      for line in io.lines "/proc/self/status" do peak = peak or line:match "^VmHWM:%s+(%d+) kB" end
      io.write(peak, " ", ms, "\n")]], tree.root)
    assert.is_true(kb <= MOST_KB, kb .. " kB")
    assert.is_true(ms <= MOST_MS, ms .. " ms")
  end)
end)
