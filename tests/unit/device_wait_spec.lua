-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local fake = require "tests.fakes.sysfs"
local modems = require "tests.fakes.modems"
local reboot = require "tests.fakes.reboot"
local copy, running, waiting = modems.copy, modems.running, modems.waiting

describe("waiting for a modem", function()
  local stage

  before_each(function() stage = reboot.new() end)
  after_each(function() stage:remove() end)

  it("accepts the modem only after it has left", function()
    stage.tree:plug(waiting)
    local follower = stage:follow "1-6"
    local nothing, problem = stage:wait(follower, "download")
    assert.is_nil(nothing)
    assert.equal("nothing changed on USB", problem.evidence)
    local reported = {}
    local found = stage:wait(follower, "download",
      { gone = false, progress = function(text) reported[#reported + 1] = text end })
    assert.equal("1-6", found.place)
    assert.same({ "1-6: 1199:9070 after 60.0 s, back" }, reported)
  end)

  it("ends early when the modem does not leave", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    local nothing, problem = stage:wait(follower, "download", { leaves_within_ms = 30000 })
    assert.is_nil(nothing)
    assert.same({ "the modem did not restart within 30 s", 30000 }, { problem.message, stage.time })
    stage:unplug(31, "2-3")
    stage:plug(80, waiting)
    assert.equal("1-6", assert(stage:wait(follower, "download", { leaves_within_ms = 30000 })).place)
  end)

  it("takes no other device for the modem while the modem is present", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:plug(1, copy(waiting, { interfaces = { fake.serial(0, "ttyUSB9") } }))
    assert.equal("device.not_seen", select(2, stage:wait(follower, "download")).code)
    stage:unplug(2, "2-3")
    assert.equal("1-6", assert(stage:wait(follower, "download")).place)
  end)

  it("knows by another device number that the modem has left", function()
    stage.tree:plug(waiting)
    local follower = stage:follow "1-6"
    stage:at(1, function()
      stage.tree:unplug "1-6"
      stage.tree:plug(copy(waiting, { number = 10 }))
    end)
    assert.equal(10, assert(stage:wait(follower, "download")).number)
  end)

  it("ends at any of the modes asked for, and not at others", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, copy(running, { number = 5 }))
    assert.equal("application",
      assert(follower:wait { modes = { download = true, application = true }, within_ms = 60000 }).mode)

    stage:arm(follower)
    stage:unplug(1, "2-3")
    stage:plug(2, copy(running, { number = 6 }))
    local _, problem = stage:wait(follower, "download")
    assert.equal("the modem did not come back in download mode", problem.message)
    assert.equal("left after 1.0 s; 2-3: 1199:9071 after 2.0 s, in application mode", problem.evidence)
  end)

  it("waits for the port, in sysfs and then in /dev, looking often only for the latter", function()
    stage.tree:plug(running)
    local follower, reported = stage:follow "2-3", {}
    stage:unplug(1, "2-3")
    stage:plug(2, copy(waiting, { interfaces = {}, count = 1 }))
    stage:at(2.1, function() stage.tree:add_interface("1-6", fake.serial(0)) end)
    stage:at(2.2, function() stage.tree:bind("1-6", 0, "qcserial") end)
    stage:at(2.3, function()
      stage.tree:add_node("1-6", 0, "tty", "ttyUSB4", true)
      stage.waits = {}
    end)
    stage:at(2.35, function() stage.tree:write("dev/ttyUSB4", "") end)
    local function progress(text) reported[#reported + 1] = text end
    local found = assert(stage:wait(follower, "download", { progress = progress }))
    assert.equal(stage:node "ttyUSB4", found.nodes.qdl)
    assert.same({ 10, 10, 10, 10, 10 }, stage.waits)
    assert.equal(2350, stage.time)
    assert.same({ "left after 1.0 s", "1-6: 1199:9070 after 2.0 s, no port yet",
      "1-6: 1199:9070 after 2.0 s, no tty (driver missing: qcserial)",
      "1-6: 1199:9070 after 2.0 s, no port yet",
      ("1-6: 1199:9070 after 2.0 s, %s is not there yet"):format(stage:node "ttyUSB4"),
      "1-6: 1199:9070 after 2.0 s, back" }, reported)
  end)

  it("names a missing driver", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:unplug(19.2, "2-3")
    stage:plug(20.1, copy(waiting, { interfaces = { fake.serial(0) } }))
    local _, problem = stage:wait(follower, "download")
    assert.equal("left after 19.2 s; 1-6: 1199:9070 after 20.1 s, no tty (driver missing: qcserial)",
      problem.evidence)
  end)

  it("does not wait for a driver that does not come", function()
    for _, case in ipairs { { "download", waiting, 10 }, { "application", copy(running, { number = 12 }), 10 } } do
      local mode, back = case[1], case[2]
      stage.tree:plug(running)
      local follower = stage:follow "2-3"
      local began = stage.time
      stage:unplug(1, "2-3")
      stage:plug(2, copy(back, { interfaces = { mode == "download" and fake.serial(0) or fake.serial(8) }, count = 1 }))
      local _, problem = stage:wait(follower, mode)
      assert.equal("the modem is back, but it has no driver", problem.message)
      assert.is_true(problem.final)
      assert.matches("new_id.*%-%-bind%-driver", problem.hint)
      assert.is_true(stage.time - began <= 13000)
      stage:remove()
      stage = reboot.new()
    end
  end)

  it("waits longer for a driver with a long --timeout-scale, and no shorter with a short one", function()
    for scale, seconds in pairs { [0.1] = 2 + 10, [3] = 2 + 30 } do
      stage.tree:plug(running)
      local follower = stage:follow("2-3", scale)
      stage:unplug(1, "2-3")
      stage:plug(2, copy(waiting, { interfaces = { fake.serial(0) } }))
      assert.truthy(select(2, stage:wait(follower, "download")).final)
      assert.is_true(math.abs(stage.time - seconds * 1000) <= 1000, tostring(stage.time))
      stage:remove()
      stage = reboot.new()
    end
  end)

  it("waits for a driver that is loaded late", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, copy(waiting, { interfaces = { fake.serial(0) } }))
    stage:at(9, function()
      stage.tree:bind("1-6", 0, "qcserial")
      stage.tree:add_node("1-6", 0, "tty", "ttyUSB4")
    end)
    assert.equal("1-6", assert(stage:wait(follower, "download")).place)
  end)

  it("lets a running modem settle, but not for ever", function()
    stage.tree:plug(waiting)
    local follower = stage:follow "1-6"
    local back = copy(running, { number = 12, interfaces = { fake.qmi(8, "cdc-wdm0", "wwan0") }, count = 3 })
    stage:unplug(1, "1-6")
    stage:plug(2, back)
    stage:at(2.5, function()
      stage.tree:add_interface("2-3", fake.serial(0, "ttyUSB0"))
      stage.tree:add_interface("2-3", fake.serial(3, "ttyUSB1"))
    end)
    local found = assert(stage:wait(follower, "application"))
    assert.equal(stage:node "ttyUSB1", found.nodes.at)
    assert.equal(2500, stage.time)

    stage:arm(follower)
    stage:unplug(1, "2-3")
    stage:plug(2, copy(back, { number = 13 }))
    assert.same({ stage:node "cdc-wdm0" }, assert(stage:wait(follower, "application")).nodes.qmi)
    assert.equal(4000, stage.time)
  end)

  it("expects no node of the data interface that MBIM has", function()
    stage.tree:plug(waiting)
    local follower = stage:follow "1-6"
    stage:unplug(1, "1-6")
    stage:plug(2, copy(running, { number = 12, interfaces = { fake.mbim("cdc-wdm0", "wwan0") } }))
    assert.same({ stage:node "cdc-wdm0" }, assert(stage:wait(follower, "application")).nodes.mbim)
    assert.equal(2000, stage.time)
  end)

  it("ends when interrupted", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:interrupt(0.5)
    local _, problem = stage:wait(follower, "download")
    assert.equal("job.interrupted", problem.code)
    assert.equal("sys.interrupted", problem.cause.code)
    assert.matches("wait until `moonflash devices` lists the modem", failure.hint(problem))
  end)

  it("raises when it is not armed", function()
    stage.tree:plug(running)
    local follower = device.follow(stage:list()[1], modems.models)
    assert.error_matches(function() follower:wait { mode = "download", within_ms = 1 } end, "not armed")
  end)
end)
