-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What a lost answer or a replugged modem must not do: make the program forget what it changed, or speak
-- to whatever has the port's name now.
local device = require "moonflash.device"
local flash = require "moonflash"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function update(fault)
  local modem = stage.modem("mc7455", { faults = { fault, "window=290" } })
  local run = stage.moonflash(modem, "update", "--timeout-scale", "0.05", unpack(stage.images "mc7455"))
  return run, modem
end

local function preferred(modem)
  local list = stage.log(modem, "preference")
  return list[#list].preferred
end

describe("a lost answer", function()
  after_each(support.finish)

  it("to Set Firmware Preference is asked for once more", function()
    local run = update "silence=qmi.0048"
    assert.equal(0, run.status, run.stderr)
  end)

  it("to Set Firmware Preference does not say that nothing was changed", function()
    local run, modem = update "silence=qmi.0048#*"
    assert.equal(6, run.status, run.stderr)
    assert.equal("qmi.timeout", run.result.failure.code)
    assert.same(stage.old.mc7455, preferred(modem))
  end)

  it("to a reset does not say that the modem does not reset", function()
    local run, modem = update "flip=qmi.002e#2"
    assert.equal(0, run.status, run.stderr)
    assert.same({ "0048", "offline", "reset" }, { unpack(stage.commands(modem), 1, 3) })
  end)

  it("after the last image does not make an update nothing", function()
    local run = update "silence=qdl.done#2"
    assert.equal(0, run.status, run.stderr)
    assert.same(stage.new.mc7455, run.result.after)
  end)
end)

describe("a loader that still writes its flash", function()
  after_each(support.finish)

  -- An update that is killed when the loader has got the whole firmware and not yet said so.
  local function killed_while_flashing()
    local modem = stage.modem("mc7455", { faults = { "late=qdl.write#1:400", "window=2000" } })
    local images = stage.images "mc7455"
    local child = stage.start(modem, "update", unpack(images))
    stage.wait_for(modem, "fault", { fault = "late" })
    child:kill "KILL"
    child:wait()
    return modem, images
  end

  it("is waited for by the next run", function()
    local modem, images = killed_while_flashing()
    local run = stage.moonflash(modem, "update", "--timeout-scale", "0.02", unpack(images))
    assert.equal(0, run.status, run.stderr)
  end)

  it("is not left by a recovery before it is done", function()
    local modem = killed_while_flashing()
    local run = stage.moonflash(modem, "recover", "--timeout-scale", "0.02")
    local reset = stage.last(modem, "qdl")
    assert.equal("reset", reset.command)
    assert.is_false(reset.torn)
    assert.equal(0, run.status, run.stderr)
  end)
end)

describe("a modem that leaves download mode by itself", function()
  local is_there = device.is_there

  after_each(function()
    device.is_there = is_there
    support.finish()
  end)

  -- Its port hangs up a moment before it leaves /sys, and it is back when we look once more.
  local function hurry(root)
    device.is_there = function(dev)
      if dev.mode ~= "download" then return is_there(dev) end
      device.is_there = function()
        device.is_there = is_there
        repeat
          sys.sleep_ms(1)
          local seen = assert(flash.devices { root = root })[1]
        until seen and seen.mode == "application"
        return false
      end
      return true
    end
  end

  it("is not waited for when it is back already", function()
    local modem, routes = stage.modem("mc7455", { faults = { "silence=qdl.hello", "window=29" } }), {}
    local result = flash.update {
      root = modem.root, files = stage.images "mc7455", options = { timeout_scale = 0.3 * support.slowness },
      emit = function(event)
        local route = (event.step or ""):match "^route (.*)"
        if not route or event.state == "started" then return end
        routes[#routes + 1] = route .. " " .. event.state
        if event.state == "failed" and #routes == 1 then hurry(modem.root) end
      end,
    }
    assert.equal(0, result.exit, tostring(result.failure))
    -- on a busy machine the window may end once more
    assert.same({ "preference failed", "firmware-id done" }, { routes[1], routes[2] })
  end)
end)

describe("a modem that was replugged", function()
  after_each(support.finish)

  local function place_of(root)
    return assert(flash.devices { root = root })[1].place
  end

  it("is found in its new socket before it is spoken to", function()
    local run, modem = update "move=qmi.5556"
    assert.equal(0, run.status, run.stderr)
    assert.equal("2-4", place_of(modem.root))
  end)

  it("is the job's device again", function()
    local modem = stage.modem("mc7455", { faults = { "move=qmi.0023" } })
    local job = assert(flash.open { root = modem.root, options = { timeout_scale = 0.05 } })
    job:settle()
    assert.equal("2-3", job:refresh_device().place)
    assert.is_nil((job:request(flash.dms.get_revision)))
    job:follow()
    assert.equal("2-4", job:refresh_device().place)
    assert.truthy(job:request(flash.dms.get_revision))
    job:finalize()
  end)
end)
