-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What goes wrong behind the drivers of a real kernel: a modem is unplugged, moonflash is killed, another program holds
-- a port; and two modems at once.
local stage = require "tests.sim.stage"
local support = require "tests.support"

local HOLD = [[local port = assert(io.open(..., "r+")) print "open" io.stdout:flush() io.read()]]

local function simulate(model, ...)
  return stage.modem(model, { usb = true, faults = { ... } })
end

local function images(model)
  return stage.images(model, { size = 400000 })
end

local function assert_updated(modem, run, model)
  assert.equal(0, run.status, run.stderr)
  assert.same(stage.new[model], run.result.after)
  assert.same({}, stage.log(modem, "violation"))
end

describe("with the drivers of a real kernel, moonflash", function()
  after_each(support.finish)

  it("continues when the modem is unplugged during the transfer and plugged in again", function()
    local modem = simulate("mc7455", "unplug=qdl.write#2")
    assert_updated(modem, stage.moonflash(modem, "update", unpack(images "mc7455")), "mc7455")
  end)

  it("completes in a second run what was unplugged again and again", function()
    local modem = simulate("mc7455", "unplug=qdl.write#1", "unplug=qdl.write#2", "unplug=qdl.write#3")
    local files = images "mc7455"
    local run = stage.moonflash(modem, "update", unpack(files))
    assert.equal(7, run.status, run.stderr)
    assert.equal("download", stage.last(modem, "usb").mode)
    assert_updated(modem, stage.moonflash(modem, "update", unpack(files)), "mc7455")
  end)

  it("completes in a second run what SIGKILL ended during the transfer", function()
    local modem, files = simulate "mc7354", stage.images("mc7354", { size = 4000000 })
    local run = stage.start(modem, "update", unpack(files))
    stage.wait_for(modem, "qdl", { command = "write" })
    run:stop()
    local second = stage.moonflash(modem, "update", unpack(files))
    assert.equal(0, second.status, second.stderr)
    assert.same(stage.new.mc7354, second.result.after)
  end)

  it("ends with 9 after Ctrl-C before the transfer, and the modem runs as before", function()
    local modem, files = simulate "mc7354", images "mc7354"
    local run = stage.start(modem, "update", unpack(files))
    stage.wait_for(modem, "restart", {})
    run:kill "INT"
    run = stage.finish(run)
    assert.equal(9, run.status, run.stderr)
    assert.equal("application", stage.mode(modem).mode)
    assert.same(stage.old.mc7354, stage.mode(modem).running)
  end)

  for _, port in ipairs { "/dev/cdc-wdm0", "/dev/ttyUSB2" } do
    it("does not begin while another program has a port open: " .. port, function()
      local modem = simulate "mc7455"
      local other = support.start(support.lua(HOLD, port))
      other:line()
      local run = stage.moonflash(modem, "update", unpack(images "mc7455"))
      assert.equal(3, run.status, run.stderr)
      assert.matches(("pid %.0f"):format(other.pid), run.stderr, 1, true)
      assert.same({}, stage.commands(modem))
    end)
  end

  it("updates two modems at the same time #short", function()
    -- the loaders wait longer for data than at the usual scale: two updates share the machine
    local modems = stage.modem("mc7455", { usb = true, second = "mc7354", time_scale = 0.02 })
    local first = stage.start(modems, "update", "-d", "1199:9071", unpack(images "mc7455"))
    local second = stage.moonflash(modems, "update", "-d", "1199:68c0", unpack(images "mc7354"))
    assert_updated(modems, stage.finish(first), "mc7455")
    modems.folder = modems.folder .. "/modem-2"
    assert_updated(modems, second, "mc7354")
  end)

  it("updates two modems of one model, one after the other", function()
    local modems = stage.modem("mc7455", { usb = true, second = "mc7455" })
    local run = stage.moonflash(modems, "update", "--all", unpack(images "mc7455"))
    assert.equal(0, run.status, run.stderr)
    assert.same(stage.new.mc7455, stage.mode(modems).running)
    modems.folder = modems.folder .. "/modem-2"
    assert.same(stage.new.mc7455, stage.mode(modems).running)
  end)
end)
