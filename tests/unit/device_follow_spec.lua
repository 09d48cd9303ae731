-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local device = require "moonflash.device"
local fake = require "tests.fakes.sysfs"
local modems = require "tests.fakes.modems"
local reboot = require "tests.fakes.reboot"
local copy, running, waiting = modems.copy, modems.running, modems.waiting

describe("following a modem", function()
  local stage

  before_each(function() stage = reboot.new() end)
  after_each(function() stage:remove() end)

  it("finds the modem on the other half of its connector, and back", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:unplug(19, "2-3")
    stage:plug(20, waiting)
    local found = assert(stage:wait(follower, "download"))
    assert.equal("1-6", found.place)
    assert.equal("download", found.mode)
    assert.equal(stage:node "ttyUSB4", found.nodes.qdl)
    assert.equal(20000, stage.time)
    assert.equal("LF123", found.serial)

    stage:arm(follower)
    stage:unplug(30, "1-6")
    stage:plug(40, copy(running, { number = 5 }))
    found = assert(stage:wait(follower, "application"))
    assert.equal("2-3", found.place)
    follower:close()
  end)

  it("learns the peer that the kernel adds late", function()
    stage.tree:plug(copy(running, { peer = false }))
    local dev = assert(device.select(stage:list()))
    stage.tree:add_peer("2-3", "1-6")
    local follower = device.follow(dev, modems.models, { watch = stage.watch, clock = stage.clock })
    stage:arm(follower)
    stage:unplug(1, "2-3")
    stage:plug(2, copy(waiting, { peer = false, pid = "1234" }))
    local found = assert(stage:wait(follower, "download"))
    assert.equal("1-6", found.place)
    assert.equal("2-3", found.peer)
  end)

  it("finds a modem that returned at another place before the follower was armed", function()
    stage.tree:plug(waiting)
    local dev = assert(device.select(stage:list()))
    stage.tree:unplug "1-6"
    stage.tree:plug(running)
    local follower = device.follow(dev, modems.models, { watch = stage.watch, clock = stage.clock })
    stage:arm(follower)
    assert.equal("2-3", assert(stage:wait(follower, "application")).place)
  end)

  it("finds a modem that returned at its place before the follower was armed", function()
    stage.tree:plug(waiting)
    local dev = assert(device.select(stage:list()))
    stage.tree:unplug "1-6"
    stage.tree:plug(copy(waiting, { number = 10 }))
    local follower = device.follow(dev, modems.models, { watch = stage.watch, clock = stage.clock })
    stage:arm(follower)
    assert.equal(10, assert(stage:wait(follower, "download")).number)
  end)

  it("takes no other modem for one that has left before", function()
    stage.tree:plug(waiting)
    stage.tree:plug(modems.running_twin)
    local dev = assert(device.select(stage:list(), { place = "1-6" }))
    stage.tree:unplug "1-6"
    local follower = device.follow(dev, modems.models, { watch = stage.watch, clock = stage.clock })
    stage:arm(follower)
    local nothing, problem = stage:wait(follower, "application")
    assert.is_nil(nothing)
    assert.equal("device.not_seen", problem.code)
  end)

  it("finds it at its own place, behind a hub, and with the same ids in both modes", function()
    for _, place in ipairs { "4-1", "4-1.4" } do
      local modem = { place = place, vid = "1199", pid = "68c0", number = 2, speed = 480,
        interfaces = { fake.serial(0, "ttyUSB0"), fake.serial(3, "ttyUSB1") } }
      stage.tree:plug(modem)
      local follower = stage:follow(place)
      stage:unplug(1, place)
      stage:plug(2, copy(modem, { number = 3, interfaces = { fake.serial(0, "ttyUSB0") } }))
      local found = assert(stage:wait(follower, "download"))
      assert.equal("download", found.mode)
      assert.equal("MC7354", found.model)
      stage.tree:unplug(place)
    end
  end)

  it("finds it on a different bus by ids and serial", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, copy(waiting, { place = "5-1", peer = false, serial = "LF123" }))
    assert.equal("5-1", assert(stage:wait(follower, "download")).place)
  end)

  it("refuses it on a different bus when only the ids agree", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, copy(waiting, { place = "5-1", peer = false }))
    local nothing, problem = stage:wait(follower, "download")
    assert.is_nil(nothing)
    assert.equal("device.not_seen", problem.code)
    assert.equal("left after 1.0 s; 5-1: 1199:9070 after 2.0 s, not taken for the modem", problem.evidence)
  end)

  it("recognises it by its place when its ids have changed, and keeps its model", function()
    stage.tree:plug(waiting)
    local follower = stage:follow "1-6"
    stage:unplug(1, "1-6")
    stage:plug(2, copy(running, { vid = "03f0", pid = "1234", number = 12, serial = false }))
    local found = assert(stage:wait(follower, "application"))
    assert.equal("MC7455", found.model)
    assert.equal("03f0", found.vid)
    assert.same({ "03f0:1234", "1199:9070", "1199:9071" }, found.ids)
  end)

  it("keeps its model when two models have its ids, whatever product text the loader has", function()
    local own = copy(modems.models[1], { name = "Snapdragon", aliases = false })
    local models = { own, modems.models[1] }
    for _, product in ipairs { "QDL", "MC7455-CP" } do
      stage.tree:plug(copy(running, { product = "Qualcomm Snapdragon" }))
      local dev = assert(device.select(device.list(stage.tree.root, models)))
      assert.equal("Snapdragon", dev.model)
      local follower = device.follow(dev, models, { watch = stage.watch, clock = stage.clock })
      stage:arm(follower)
      stage:unplug(1, "2-3")
      stage:plug(2, copy(waiting, { product = product }))
      local found = assert(stage:wait(follower, "download"))
      assert.equal("Snapdragon", found.model)
      follower:close()
      stage.tree:unplug "1-6"
    end
  end)

  it("takes one interface with unknown ids at its place for download mode", function()
    stage.tree:plug(running)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, copy(waiting, { vid = "1199", pid = "1234",
      interfaces = { fake.serial(0, "ttyUSB4", "option") } }))
    assert.equal("download", assert(stage:wait(follower, "download")).mode)
  end)

  it("does not take another kind of modem, or any other device, at its place", function()
    stage.tree:plug(running)
    for _, other in ipairs {
      { vid = "1199", pid = "9062" }, { vid = "05c6", pid = "9008" },
      { vid = "067b", pid = "2303", interfaces = { fake.serial(0, "ttyUSB4", "pl2303") } },
    } do
      local follower = stage:follow "2-3"
      stage:unplug(1, "2-3")
      stage:plug(2, copy(waiting, other))
      local nothing, problem = stage:wait(follower, "download")
      assert.is_nil(nothing)
      assert.equal("device.not_seen", problem.code)
      stage.tree:unplug "1-6"
      stage.tree:plug(running)
    end
  end)

  it("never takes another modem that was in download mode before", function()
    stage.tree:plug(running)
    stage.tree:plug(modems.twin)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(20, waiting)
    assert.equal("1-6", assert(stage:wait(follower, "download")).place)
    assert.equal(20000, stage.time)
  end)

  it("distinguishes another modem of the same model that resets meanwhile", function()
    stage.tree:plug(running)
    stage.tree:plug(copy(modems.running_twin, { serial = "LF999" }))
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:unplug(2, "2-1")
    stage:plug(3, copy(modems.twin, { number = 8 }))
    stage:plug(4, waiting)
    assert.equal("1-6", assert(stage:wait(follower, "download")).place)
  end)

  it("ignores a serial number that two devices have", function()
    stage.tree:plug(running)
    stage.tree:plug(modems.running_twin)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:unplug(2, "2-1")
    stage:plug(3, copy(modems.twin, { number = 8, serial = "LF123" }))
    assert.equal("device.not_seen", select(2, stage:wait(follower, "download")).code)
  end)

  local blind = copy(running, { peer = false })
  local blind_twin = copy(blind, { place = "2-1", number = 6, serial = "LF999", interfaces = {} })

  it("accepts the ids alone only for a SuperSpeed modem without a peer", function()
    stage.tree:plug(blind)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, waiting)
    assert.equal("1-6", assert(stage:wait(follower, "download")).place)
  end)

  it("accepts the ids alone beside another modem of its model that stays", function()
    stage.tree:plug(blind)
    stage.tree:plug(blind_twin)
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:plug(2, waiting)
    assert.equal("1-6", assert(stage:wait(follower, "download")).place)
  end)

  it("does not accept the ids alone when another modem of its model has left, too, or was replugged", function()
    for _, returns in ipairs { false, true } do
      stage.tree:plug(blind)
      stage.tree:plug(blind_twin)
      local follower = stage:follow "2-3"
      stage:unplug(1, "2-3")
      stage:unplug(2, "2-1")
      if returns then stage:plug(3, copy(blind_twin, { number = 9 })) end
      stage:plug(4, waiting)
      assert.is_nil((stage:wait(follower, "download")))
      stage.tree:unplug "1-6"
      if returns then stage.tree:unplug "2-1" end
    end
  end)

  it("fails with two candidates and lists them", function()
    stage.tree:plug(copy(running, { peer = false }))
    local follower = stage:follow "2-3"
    stage:unplug(1, "2-3")
    stage:at(2, function()
      stage.tree:plug(waiting)
      stage.tree:plug(copy(waiting, { place = "1-7", interfaces = { fake.serial(0, "ttyUSB7") } }))
    end)
    local nothing, problem = stage:wait(follower, "download")
    assert.is_nil(nothing)
    assert.equal("device.ambiguous", problem.code)
    assert.matches("1%-6: .* not taken.*1%-7: .* not taken", problem.evidence)
  end)
end)
