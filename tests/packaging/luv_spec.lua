-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- flash.job in the event loop of another library: luv (Debian: lua-luv), as uloop would do it.
local flash = require "moonflash"
local support = require "tests.support"

local found, luv = pcall(require, "luv")
local only = found and describe or pending

only("flash.job in a loop of luv" .. (found and "" or ": lua-luv is not installed"), function()
  after_each(support.finish)

  it("tells its events while the loop does other things", function()
    local modem = support.simulator("mc7455", { time_scale = 0.01 })
    local job = flash.try(flash.job { command = "status", root = modem.root, program = support.program })
    local poll, timer, ticks, seen = luv.new_poll(job:descriptor()), luv.new_timer(), 0, {}
    timer:start(0, 5, function() ticks = ticks + 1 end)
    poll:start("r", function()
      for _, event in ipairs(job:read() or {}) do seen[#seen + 1] = event end
      if job:descriptor() then return end
      poll:close()
      timer:close()
    end)
    luv.run()
    assert.equal("02.08.02.00", seen[1].running.firmware)
    assert.equal("result", seen[#seen].event)
    assert.equal(0, flash.try(job:wait(1000)).exit)
    assert.is_true(ticks > 1)
  end)
end)
