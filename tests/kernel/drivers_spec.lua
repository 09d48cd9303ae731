-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The serial drivers of a real kernel are missing, or put the modem to sleep.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local MODULES = { "qcserial", "option", "usb_wwan", "usbserial" }
local RULE = "/run/udev/rules.d/90-sleep.rules"

local function simulate(model, ...)
  return stage.modem(model, { usb = true, faults = { ... } })
end

local function succeeds(...)
  local run = support.run { ... }
  assert.equal(0, run.status, run.stderr)
end

local function update(modem, model, ...)
  local files = stage.images(model, { size = 400000 })
  return stage.moonflash(modem, "update", files[1], files[2], ...)
end

local function assert_updated(modem, run, model)
  assert.equal(0, run.status, run.stderr)
  assert.same(stage.new[model], run.result.after)
  assert.same({}, stage.log(modem, "violation"))
end

describe("without a serial driver in the kernel, moonflash", function()
  local file

  -- Without its file, udev cannot load the module that all serial drivers need.
  setup(function()
    file = support.run({ "modinfo", "-n", "usbserial" }).stdout:match "[^\n]+"
    succeeds("rmmod", unpack(MODULES))
    assert(os.rename(file, file .. ".away"))
  end)
  after_each(support.finish)
  teardown(function()
    assert(os.rename(file .. ".away", file))
    succeeds("modprobe", "-a", unpack(MODULES))
  end)

  for model, tag in pairs { mc7455 = " #short", mc7354 = "", em7305 = "" } do
    it("updates a modem over USB: " .. model .. tag, function()
      local modem = simulate(model)
      assert.is_nil(sys.stat "/dev/ttyUSB0")
      assert_updated(modem, update(modem, model), model)
    end)
  end

  it("does not begin an update with --transport tty", function()
    local modem = simulate "mc7455"
    local run = update(modem, "mc7455", "--transport", "tty")
    assert.equal(3, run.status, run.stderr)
    assert.matches("qcserial", run.stderr)
    assert.same({}, stage.commands(modem))
  end)

  it("sends AT commands over USB", function()
    local run = stage.moonflash(simulate "mc7455", "at", "ATI")
    assert.equal(0, run.status, run.stderr)
    assert.matches("MC7455", run.stdout)
  end)
end)

-- The device of a modem in /sys, after its update.
local function control_of(modem)
  local place = stage.last(modem, "usb").place
  return sys.read_file(("/sys/bus/usb/devices/%s/power/control"):format(place)):match "%a+"
end

local has_udev = sys.stat "/run/udev/control" ~= nil

-- Writes the rule file of udev.
local function write_rule(text)
  if not has_udev then return end
  assert(sys.make_folder "/run/udev/rules.d")
  assert(sys.write_file(RULE, text))
  succeeds("udevadm", "control", "--reload")
end

describe("with autosuspend for every USB device, moonflash", function()
  setup(function()
    write_rule('ACTION=="add", SUBSYSTEM=="usb", TEST=="power/control", ATTR{power/control}="auto", '
      .. 'ATTR{power/autosuspend_delay_ms}="0"\n')
  end)
  after_each(support.finish)
  teardown(function() write_rule "" end)

  it("keeps the modem awake, and allows its sleep again", function()
    if not has_udev then return pending "there is no udev" end
    local modem = simulate "mc7354"
    succeeds("udevadm", "settle")
    assert.equal("auto", control_of(modem))
    assert_updated(modem, update(modem, "mc7354"), "mc7354")
    succeeds("udevadm", "settle")
    assert.equal("auto", control_of(modem))
  end)
end)
