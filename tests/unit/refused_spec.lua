-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A command that is refused leaves nothing open.
local fake_machine = require "tests.fakes.machine"
local flash = require "moonflash"
local lock = require "moonflash.host.lock"
local modems = require "tests.fakes.modems"
local packages = require "tests.images.packages"
local process = require "moonflash.base.process"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local LARGE = 300000 -- bytes: more than is held in memory

describe("a refused command", function()
  local machine, held

  before_each(function()
    machine = fake_machine.new(modems.running)
    flash.devices { root = machine.root }
    collectgarbage "stop" -- it would close what is left open
  end)

  after_each(function()
    collectgarbage "restart"
    if held then held:release() end
    held = nil
    machine:remove()
    support.finish()
  end)

  local function take_lock()
    local modem = assert(flash.devices { root = machine.root })[1]
    held = assert(lock.take(machine.root, modem))
  end

  it("closes its socket for uevents when another job has the modem", function()
    local events = assert(sys.datagram(machine.root .. "/uevent"))
    take_lock()
    support.watch()
    local result = flash.switch { root = machine.root, pair = "GENERIC", options = { keep_services = true } }
    assert.equal("device.busy", result.failure.code, tostring(result.failure))
    assert.equal(3, result.exit)
    support.finish()
    sys.close(events)
  end)

  it("names the job whose modem restarts", function()
    take_lock()
    machine.tree:unplug(modems.running.place)
    local switched = flash.switch { root = machine.root, pair = "X" }
    for _, result in ipairs { flash.status { root = machine.root }, switched } do
      assert.equal("device.busy", result.failure.code)
      assert.equal(3, result.exit)
      assert.truthy(tostring(result.failure):find("1%-6, which restarts %(pid " .. sys.process_id()))
    end
    held:release()
    assert.equal("device.none", flash.status({ root = machine.root }).failure.code)
  end)

  -- Plans with settings, and firmware that is read from a pipe.
  local function plan(options, alone)
    local folder = support.folder()
    local writer = assert(process.start { "cat", packages.write(packages.firmware { size = LARGE }, folder) })
    local files = { "/dev/fd/" .. writer.pipe, not alone and packages.write(packages.settings(), folder) or nil }
    support.watch()
    local result = flash.plan { root = machine.root, files = files, options = options }
    support.finish()
    writer:stop()
    return result.failure.code
  end

  it("closes an image that is read from a pipe", function()
    machine.tree:unplug(modems.running.place)
    assert.equal("device.none", plan())
    assert.equal("script.not_found", plan { model = "./none.lua" })
    assert.equal("image.incomplete_set", plan({}, true))
    assert.equal("usage", plan { route = "by-foot" })
  end)
end)
