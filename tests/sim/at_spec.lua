-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- `moonflash at` on simulated modems: the lines, the JSON, and every way a modem can fail to answer.
local stage = require "tests.sim.stage"
local support = require "tests.support"

local function at(modem, ...)
  return support.run { support.program, "--root", modem.root, "at", ... }
end

local function fails(run, status, code)
  assert.equal(status, run.status, run.stderr)
  assert.equal(code, run.result.failure.code)
  assert.truthy(run.result.failure.hint)
  return run.result.failure
end

local function sent(modem)
  local commands = {}
  for index, entry in ipairs(stage.log(modem, "at")) do commands[index] = entry.command end
  return commands
end

describe("moonflash at", function()
  after_each(support.finish)

  for _, model in ipairs { "mc7455", "mc7354" } do
    it("prints the answer of an " .. model, function()
      local modem = stage.modem(model)
      local run = at(modem, "ATI", "AT!GOBIIMPREF?")
      assert.equal(0, run.status, run.stderr)
      assert.matches("^Manufacturer: Sierra Wireless, Incorporated\nModel: " .. model:upper(), run.stdout)
      assert.matches("\n!GOBIIMPREF:\npreferred fw version: +%d+%.", run.stdout)
      assert.equal("", run.stderr)
    end)
  end

  it("says OK when there is no other answer", function()
    assert.equal("OK\n", at(stage.modem "mc7455", "AT").stdout)
  end)

  it("has an object for each command", function()
    local run = stage.moonflash(stage.modem "mc7455", "at", "AT!SKU?", "AT")
    assert.same({ v = 1, command = "AT!SKU?", lines = { "1102476" }, final = "OK" }, run.lines[1])
    assert.same({ v = 1, command = "AT", lines = {}, final = "OK" }, run.lines[2])
    assert.is_true(run.result.ok)
    assert.matches('"command":"AT","lines":%[%],', run.stdout)
  end)

  it("stops at the first refusal", function()
    local modem = stage.modem "mc7455"
    local run = stage.moonflash(modem, "at", "AT!BOOTHOLD", "ATI")
    assert.equal("ERROR", fails(run, 3, "at.error").evidence)
    assert.same({ v = 1, command = "AT!BOOTHOLD", lines = {}, final = "ERROR" }, run.lines[1])
    assert.same({ "AT!BOOTHOLD" }, sent(modem))
  end)

  it("tells the number of an error", function()
    local run = stage.moonflash(stage.modem("mc7455", { faults = { "error=at.sku:4" } }), "at", "AT!SKU?")
    assert.matches("^%+CME ERROR: ", fails(run, 3, "at.cme_error").evidence)
  end)

  it("speaks to the port it is given", function()
    local modem = stage.modem "mc7455"
    local run = support.run { support.program, "-t", modem.root .. "/dev/ttyUSB2", "at", "AT!SKU?" }
    assert.equal(0, run.status, run.stderr)
    assert.equal("1102476\n", run.stdout)
  end)

  it("bears answers that come byte by byte", function()
    local modem = stage.modem("mc7455", { faults = { "split=at.sku" } })
    assert.equal("1102476\n", at(modem, "AT!SKU?").stdout)
  end)

  it("ends when no answer comes, half of one, or the modem goes", function()
    local modem = stage.modem("mc7455", { faults = { "silence=at.sku", "cut=at.priid", "unplug=at.pcinfo" } })
    local scale = { "--timeout-scale", "0.02", "at" }
    local function run(command)
      return stage.moonflash(modem, scale[1], scale[2], scale[3], command)
    end
    assert.matches("echo", fails(run "AT!SKU?", 3, "at.timeout").evidence)
    fails(run "AT!PRIID?", 3, "at.timeout")
    fails(run "AT!PCINFO?", 3, "at.closed")
  end)

  it("tells a port that is not AT", function()
    local modem = stage.modem("mc7455", { faults = { "start=download", "memory-debug" } })
    local run = support.run { support.program, "--timeout-scale", "0.02", "-t",
      modem.root .. "/dev/ttyUSB0", "at", "AT" }
    assert.equal(3, run.status)
    assert.matches("not an AT port", run.stderr)
  end)

  it("needs an AT port", function()
    fails(stage.moonflash(stage.modem "em7305", "at", "ATI"), 3, "device.no_port")
    local waiting = stage.modem("mc7455", { faults = { "start=download" } })
    local run = stage.moonflash(waiting, "at", "ATI")
    fails(run, 3, "device.no_port")
    assert.truthy(run.stderr:find("while it waits for an image", 1, true))
    assert.truthy(run.stderr:find("recover", 1, true))
  end)

  it("takes only commands, and looks at all of them before it sends one", function()
    local modem = stage.modem "mc7455"
    fails(stage.moonflash(modem, "at", "AT", "hello"), 1, "usage")
    fails(stage.moonflash(modem, "at", "AT\rAT!BOOTHOLD"), 1, "usage")
    assert.same({}, sent(modem))
  end)

  it("needs a modem", function()
    local root = support.folder()
    assert(require("moonflash.core.sys").make_folder(root .. "/sys/bus/usb/devices"))
    fails(stage.moonflash({ root = root }, "at", "ATI"), 5, "device.none")
  end)
end)
