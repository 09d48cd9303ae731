-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A plan sends nothing that changes the modem: whatever model, whatever mode, the simulator logged no
-- other QMI message than those that ask, no word to a loader, no AT command.
local flash = require "moonflash"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

-- CTL: open, clients. DMS: revision, mode, preference, stored images, Sierra's current firmware.
local asking = {
  ctl = { ["0x0020"] = true, ["0x0021"] = true, ["0x0022"] = true, ["0x0023"] = true },
  dms = { ["0x0023"] = true, ["0x002d"] = true, ["0x0047"] = true, ["0x0049"] = true, ["0x5556"] = true },
}

local function assert_only_asked(modem)
  for _, entry in ipairs(stage.log(modem)) do
    assert.is_nil(({ qdl = true, at = true, violation = true, image = true })[entry.event])
    if entry.event == "qmi" then assert.is_true(asking[entry.service][entry.message], entry.message) end
  end
end

describe("a plan for", function()
  after_each(support.finish)

  for _, model in ipairs { "mc7354", "mc7455", "em7305" } do
    for _, mode in ipairs { "composition=6", "composition=8", "composition=9", "start=download" } do
      it(("an %s with %s only asks"):format(model, mode), function()
        local modem = stage.modem(model, { faults = { mode, "window=60000" } })
        local run = stage.moonflash(modem, "plan", unpack(stage.images(model)))
        assert.equal(0, run.status, run.stderr)
        local told
        for _, line in ipairs(run.lines) do told = told or line.steps end
        assert.truthy(#told >= 4)
        assert_only_asked(modem)
      end)
    end

    it(("an %s with half an update only asks"):format(model), function()
      local modem = stage.modem(model, { faults = { "preferred=09.09.09.09/ATT/009.009_000" } })
      assert.equal(0, stage.moonflash(modem, "plan", unpack(stage.images(model))).status)
      assert_only_asked(modem)
    end)
  end
end)

describe("a plan for a modem that a job uses", function()
  after_each(support.finish)

  it("is refused at once, whatever the step says of trying again", function()
    local modem = stage.modem "mc7455"
    local device = flash.devices({ root = modem.root })[1]
    local held = assert(require("moonflash.host.lock").take(modem.root, device))
    local run = stage.moonflash(modem, "--verbose", "plan", unpack(stage.images "mc7455"))
    held:release()
    assert.equal(3, run.status)
    assert.equal("device.busy", run.result.failure.code)
    assert.is_nil(run.stderr:find("try 2", 1, true), run.stderr)
  end)
end)

describe("a plan for a modem whose port another program has open", function()
  after_each(support.finish)

  it("says that update refuses", function()
    local modem = stage.modem "mc7455"
    assert(sys.make_folder(modem.root .. "/proc/90/fd"))
    assert(sys.write_file(modem.root .. "/proc/90/comm", "minicom\n"))
    assert(sys.symlink(modem.root .. "/dev/ttyUSB2", modem.root .. "/proc/90/fd/3"))
    local run = stage.moonflash(modem, "plan", unpack(stage.images "mc7455"))
    assert.equal(0, run.status, run.stderr)
    assert.truthy(run.stderr:find "update refuses: other programs use the modem at %S+ %(minicom %(pid 90%)")
  end)
end)

describe("a plan with a script of one's own", function()
  after_each(support.finish)

  local function plan(text)
    local modem, path = stage.modem "mc7455", support.folder() .. "/my.lua"
    assert(sys.write_file(path, text))
    return stage.moonflash(modem, "--model", path, "plan", unpack(stage.images "mc7455")), modem
  end

  it("shows the steps of that, and only asks", function()
    local run, modem = plan [[local flash = require "moonflash"
      return flash.insert_before(flash.try(flash.script "mc7455"), "set preference",
        flash.steps.action { name = "look around", run = function() return nil, "not in a plan" end })]]
    assert.equal(0, run.status, run.stderr)
    local names = {}
    for _, line in ipairs(run.lines) do
      for _, step in ipairs(line.steps or {}) do names[#names + 1] = step.step end
    end
    assert.truthy(table.concat(names, ", "):find("stop if current, look around, set preference", 1, true))
    assert_only_asked(modem)
  end)

  it("says when it is none, or no model's", function()
    assert.equal(10, plan("oops").status)
    local run = plan "return 1"
    assert.equal(10, run.status)
    assert.truthy(run.stderr:find("does not return flash.model", 1, true))
  end)
end)
