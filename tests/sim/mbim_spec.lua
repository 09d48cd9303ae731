-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- QMI in MBIM mode: because cdc_mbim is the driver bound, nothing else says so, and nothing changes it.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function drivers(modem)
  local names, devices = {}, modem.root .. "/sys/bus/usb/devices/"
  for _, name in ipairs(sys.list(devices)) do
    local driver = sys.link(devices .. name .. "/driver")
    if driver then names[driver:match "[^/]*$"] = true end
  end
  return names
end

-- What went over the MBIM port besides commands: each open must have its close.
local function brackets(modem)
  local list = {}
  for _, entry in ipairs(stage.log(modem, "mbim")) do
    if entry.request ~= "command" then list[#list + 1] = entry.request end
  end
  return list
end

local function updates(model, faults, options)
  options = options or {}
  local modem = stage.modem(model, { faults = faults, time_scale = options.time_scale })
  local before = drivers(modem)
  local run = stage.moonflash(modem, "update", unpack(stage.images(model)))
  assert.equal(0, run.status, run.stderr .. run.stdout)
  assert.same(stage.new[model], run.result.after)
  assert.same(before, drivers(modem))
  assert.is_true(before.cdc_mbim)
  assert.is_nil(before.qmi_wwan)
  assert.same({}, stage.log(modem, "violation"))
  return modem
end

describe("over MBIM", function()
  after_each(support.finish)

  for _, model in ipairs { "mc7455", "mc7354", "em7305" } do
    for _, composition in ipairs { "8", "9" } do
      it(("an %s in composition %s is updated, and keeps it"):format(model, composition), function()
        local modem = updates(model, { "composition=" .. composition })
        assert.same({ "0048", "offline", "reset", "switch", "hello", "hello", "open", "write", "done",
          "hello", "open", "write", "done", "reset" }, stage.commands(modem))
        assert.same({ "open", "close", "open", "close" }, brackets(modem))
      end)
    end
  end

  it("a modem that is gone and back before the close returns is not missed", function()
    updates("mc7455", { "composition=9", "reset=0", "window=6000" }, { time_scale = 0.001 })
  end)

  it("a modem without an AT port goes another way when the usual ones are refused", function()
    local modem = updates("mc7455", { "composition=9", "no-preference", "refuse-firmware-id" })
    local commands = stage.commands(modem)
    assert.same({ "0048", "003e", "0050 01", "offline", "reset" }, { unpack(commands, 1, 5) })
  end)

  it("status and plan close what they opened", function()
    local modem = stage.modem("mc7455", { faults = { "composition=9" } })
    assert.equal(0, stage.moonflash(modem, "status").status)
    assert.equal(0, stage.moonflash(modem, "plan", unpack(stage.images "mc7455")).status)
    assert.same({ "open", "close", "open", "close" }, brackets(modem))
    assert.same({}, stage.commands(modem))
  end)
end)
