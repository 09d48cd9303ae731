-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Debian's ModemManager on the system bus has the modem; moonflash takes it from ModemManager and gives it back.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local SOCKET = "/run/dbus/system_bus_socket"
local PROBED_MS = 30000
local has_udev = sys.stat "/run/udev/control" ~= nil -- without it ModemManager waits for reports of a script

local function wait_until(what, look)
  local deadline = support.deadline(PROBED_MS)
  while not look() do
    assert(sys.clock_ms() < deadline, "this did not happen: " .. what)
    sys.sleep_ms(100)
  end
end

-- Whether ModemManager has a modem.
local function is_managed()
  return support.run({ "mmcli", "-L" }).stdout:find "/Modem/%d" ~= nil
end

local function start_bus()
  assert(sys.make_folder "/run/dbus")
  sys.remove "/run/dbus/pid"
  support.start { "dbus-daemon", "--system", "--nofork" }
  wait_until("the bus has its socket", function() return sys.stat(SOCKET) end)
end

local function start_manager()
  return support.start { "ModemManager" }
end

-- A modem at one place in all its modes, so it stays inhibited through its restarts.
local function simulate(...)
  return stage.modem("mc7354", { usb = true, faults = { ... } })
end

local function images()
  return unpack(stage.images("mc7354", { size = 4000000 }))
end

local function managed_modem()
  start_bus()
  local manager, modem = start_manager(), simulate()
  wait_until("ModemManager has the modem", is_managed)
  return modem, manager
end

local function assert_updated(modem, run)
  assert.equal(0, run.status, run.stderr)
  assert.same(stage.new.mc7354, run.result.after)
  assert.same({}, stage.log(modem, "violation"))
end

-- ModemManager ignores the loader, as the packages of moonflash tell udev.
local function install_rule()
  assert(sys.make_folder "/run/udev/rules.d")
  assert(sys.write_file("/run/udev/rules.d/77-mm-moonflash.rules", sys.read_file "packaging/77-mm-moonflash.rules"))
  assert.equal(0, support.run({ "udevadm", "control", "--reload" }).status)
end

describe("while ModemManager runs, moonflash", function()
  setup(function()
    if has_udev then install_rule() end
  end)
  after_each(function()
    support.finish()
    sys.remove(SOCKET)
  end)

  local function test(title, check)
    it(title, function()
      if not has_udev then return pending "there is no udev" end
      check()
    end)
  end

  test("updates its modem, and ModemManager has the modem again", function()
    local modem = managed_modem()
    assert_updated(modem, stage.moonflash(modem, "update", images()))
    wait_until("ModemManager has the modem again", is_managed)
  end)

  test("gives the modem back after Ctrl-C", function()
    local modem = managed_modem()
    local run = stage.start(modem, "update", images())
    stage.wait_for(modem, "restart", {})
    run:kill "INT"
    assert.equal(9, stage.finish(run).status)
    wait_until("ModemManager has the modem again", is_managed)
  end)

  test("completes in a second run what SIGKILL ended during the transfer", function()
    local modem = managed_modem()
    local firmware, settings = images()
    local run = stage.start(modem, "update", firmware, settings)
    stage.wait_for(modem, "qdl", { command = "write" })
    run:stop()
    local second = stage.moonflash(modem, "update", firmware, settings)
    assert.equal(0, second.status, second.stderr)
    assert.same(stage.new.mc7354, second.result.after)
    wait_until("ModemManager has the modem again", is_managed)
  end)

  test("ends right when ModemManager crashes during the transfer and comes back", function()
    local modem, manager = managed_modem()
    local run = stage.start(modem, "update", images())
    stage.wait_for(modem, "qdl", { command = "write" })
    manager:stop()
    start_manager()
    run = stage.finish(run)
    assert.equal(0, run.status, run.stderr)
    assert.same(stage.new.mc7354, run.result.after)
    wait_until("ModemManager has the modem again", is_managed)
  end)

  test("ends right when ModemManager starts during the transfer", function()
    start_bus()
    local modem = simulate()
    local run = stage.start(modem, "update", images())
    stage.wait_for(modem, "qdl", { command = "write" })
    start_manager()
    run = stage.finish(run)
    assert.equal(0, run.status, run.stderr)
    assert.same(stage.new.mc7354, run.result.after)
    wait_until("ModemManager has the modem", is_managed)
  end)
end)
