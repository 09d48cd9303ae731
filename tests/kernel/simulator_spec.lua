-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- `simulate --usb`: what the kernel sees of modems that come and go, and of faults that name places.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS, POLL_MS = 60000, 20

-- The places of Sierra Wireless's devices, sorted.
local function places()
  local found = {}
  for _, name in ipairs(sys.list "/sys/bus/usb/devices") do
    if sys.read_file("/sys/bus/usb/devices/" .. name .. "/idVendor") == "1199\n" then found[#found + 1] = name end
  end
  return found
end

local function wait_until(holds)
  local deadline = sys.clock_ms() + PATIENCE_MS
  while not holds() do
    assert(sys.clock_ms() < deadline, "it does not come to that")
    sys.sleep_ms(POLL_MS)
  end
end

local function simulate(...)
  return stage.modem("mc7455", { usb = true, faults = { ... } })
end

-- The places that the modem took, in order.
local function path_of(modem)
  local path = {}
  for _, event in ipairs(stage.log(modem, "usb")) do
    if event.action == "add" then path[#path + 1] = event.place end
  end
  return path
end

local function update(modem)
  return stage.moonflash(modem, "update", unpack(stage.images("mc7455", { size = 200000 })))
end

describe("a simulated modem behind a real kernel", function()
  after_each(function()
    support.finish()
    wait_until(function() return #places() == 0 end)
  end)

  it("runs at SuperSpeed, and its loader at the high-speed port of the same socket #short", function()
    local modem = simulate()
    assert.equal(0, update(modem).status)
    assert.same({ "2-1", "1-1", "2-1" }, path_of(modem))
  end)

  it("takes the places that faults name", function()
    local modem = simulate("place=2-2", "boot-place=1-5", "come-back-place=2-3")
    assert.same({ "2-2" }, places())
    update(modem)
    assert.same({ "2-2", "1-5", "2-3" }, path_of(modem))
    assert.same({ "2-3" }, places())
  end)

  it("refuses a place that vhci_hcd does not have", function()
    local ran = support.run { support.program, "simulate", "mc7455", "--usb", "--fault", "place=99-1" }
    assert.equal(3, ran.status)
    assert.matches("vhci_hcd has no place 99%-1.*its places are 1%-1 and so on at high speed", ran.stderr)
  end)

  it("is unplugged by Ctrl-C and by SIGKILL, with all others #short", function()
    for _, signal in ipairs { "INT", "KILL" } do
      local modems = stage.modem("mc7455", { usb = true, second = "em7305" })
      assert.same({ "1-2", "2-1" }, places())
      modems:kill(signal)
      wait_until(function() return #places() == 0 end)
      modems:wait()
    end
  end)
end)
