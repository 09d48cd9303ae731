-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Faults that move the modem or put another program in the way.
local bench = require "tests.sim.bench"
local device = require "moonflash.device"
local port = require "moonflash.core.port"
local support = require "tests.support"

local allocate = "01 0f 00 00 00 00 00 01 22 00 04 00 01 01 00 02"
local allocated = "01 17 00 80 00 00 01 01 22 00 0c 00 02 04 00 00 00 00 00 01 02 00 02 01"
local sync = "01 0b 00 00 00 00 00 01 27 00 00 00"

describe("a fault of the simulator", function()
  after_each(support.finish)

  it("lets the modem come back in another socket", function()
    local sim = bench.start { faults = { "move=ctl.0027" } }
    local p = sim:open "cdc-wdm0"
    bench.expect(p, sync, "")
    sim:wait_for_event { event = "usb", action = "ready", place = "2-4" }
    bench.expect(sim:open "cdc-wdm0", allocate, allocated)
  end)

  it("has another program keep the port that comes next, for a while", function()
    local sim = bench.start { faults = { "hold=ctl.0027:20", "unplug=ctl.0022" } }
    local p = sim:open "cdc-wdm0"
    bench.expect(p, sync, "01 12 00 80 00 00 01 01 27 00 07 00 02 04 00 00 00 00 00")
    bench.expect(p, allocate, "")
    sim:wait_for_event({ event = "usb", action = "ready" }, 2)
    local held, problem = port.open(sim.root .. "/dev/ttyUSB0")
    assert.equal("port.busy", support.code_of(held, problem))
    assert.truthy(device.open_node(sim.root .. "/dev/ttyUSB0", port.open, 5000))
  end)

  it("answers another request than the one asked", function()
    local sim = bench.start { faults = { "sequence=ctl.0022" } }
    local p = sim:open "cdc-wdm0"
    bench.expect(p, allocate, (allocated:gsub("01 01 22", "01 02 22")))
  end)
end)
