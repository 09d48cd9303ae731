-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- `simulate --usb`: what the kernel sees of modems that come, go, move, hang, and of faults that name places.
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

-- Whether a program has a file open.
local function is_open(path)
  for _, pid in ipairs(sys.list "/proc") do
    for _, fd in ipairs(pid:find "^%d" and sys.list(("/proc/%s/fd"):format(pid)) or {}) do
      if sys.link(("/proc/%s/fd/%s"):format(pid, fd)) == path then return true end
    end
  end
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

  it("moves to the next socket", function()
    local modem = simulate "move=qdl.write#1" -- the whole image is one write
    update(modem)
    assert.equal("2-2", path_of(modem)[3])
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

  it("hangs: a write to it does not end", function()
    local modem = simulate "deaf=at.gmr"
    local port = require("moonflash.core.port").open "/dev/ttyUSB2"
    assert(port:write("AT+GMR\r", 1000))
    stage.wait_for(modem, "fault", { fault = "deaf" })
    local written, failed = true, nil
    for _ = 1, 100 do
      written, failed = port:write(("x"):rep(4096), 200)
      if not written then break end
    end
    assert.is_nil(written)
    assert.equal("port.timeout", failed.code)
    modem:kill "INT"
    modem:wait()
    port:close()
  end)

  it("has its ports opened by another program, on request", function()
    local modem = simulate "hold=at.boothold:100000"
    local port = require("moonflash.core.port").open "/dev/ttyUSB2"
    assert(port:write('AT!ENTERCND="A710"\rAT!BOOTHOLD\r', 1000))
    stage.wait_for(modem, "usb", { action = "ready", mode = "download" })
    port:close()
    wait_until(function() return is_open "/dev/ttyUSB0" end)
    modem:kill "INT"
    modem:wait()
    assert.same({}, places())
  end)
end)
