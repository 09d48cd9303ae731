-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A modem whose revision names another family than its ids, or --model, do: images for them are refused before
-- anything is changed.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function assert_refused(modem, run, family)
  assert.equal(4, run.status, run.stderr)
  assert.equal("image.wrong_model", run.result.failure.code)
  assert.truthy(run.result.failure.evidence:find(family, 1, true), run.result.failure.evidence)
  assert.same({}, stage.commands(modem))
  assert.equal(0, stage.mode(modem).power)
end

describe("a modem that names another family", function()
  after_each(support.finish)

  local cases = {
    { "mc7354", "SWI9X07Y_02.37.03.00" }, { "mc7455", "SWI9X50C_01.09.04.00" }, { "em7305", "SWI9X30C_02.33.03.00" },
    { "mc7455", "SWI9X15C_05.05.58.00 r27044 carmd-fwbuild1 2015/03/05 00:02:40" },
  }
  for _, case in ipairs(cases) do
    local model, revision = unpack(case)
    it(("gets no images by the ids of an %s: %s"):format(model, revision), function()
      for _, command in ipairs { "plan", "update", "recover" } do
        local modem = stage.modem(model, { faults = { "revision=" .. revision } })
        assert_refused(modem, stage.moonflash(modem, command, unpack(stage.images(model))), revision)
      end
    end)
  end

  it("is told by status", function()
    for _, case in ipairs { { "mc7455", "SWI9X50C", true }, { "mc7354", "SWI9X07Y", true },
      { "mc7455", "SWI9X30C" } } do
      local model, family, is_other = unpack(case)
      local modem = stage.modem(model, { faults = { "revision=" .. family .. "_02.37.03.00" } })
      local advice = table.concat(stage.moonflash(modem, "status").lines[1].advice, "\n")
      assert.equal(is_other or false, advice:find("says that it is " .. family, 1, true) ~= nil)
    end
  end)

  it("gets none by --model or --force", function()
    local modem, files = stage.mc7455 "revision=SWI9X50C_01.09.04.00", stage.images "mc7455"
    for _, option in ipairs { "--force", "--model=mc7455" } do
      assert_refused(modem, stage.moonflash(modem, "update", option, unpack(files)), "SWI9X50C")
    end
  end)

  it("gets none that name only a chip", function()
    local modem = stage.mc7455 "revision=SWI9X50C_01.09.04.00"
    local files = stage.images("mc7455", { sku = "1102662", device = "EM7455", carrier = "Lenovo-Laptop" },
      { "settings" })
    assert_refused(modem, stage.moonflash(modem, "update", unpack(files)), "SWI9X50C")
  end)

  it("is left out by --all, and said so", function()
    local modems = stage.modem("mc7455", { faults = { "2:revision=SWI9X50C_01.09.04.00" }, second = "mc7455" })
    local run = stage.moonflash(modems, "update", "--all", "--model", "mc7455", unpack(stage.images "mc7455"))
    assert.equal(0, run.status, run.stderr)
    assert.truthy(run.stderr:find("2%-4 .* is left out: .*SWI9X50C"), run.stderr)
    assert.same({}, sys.list(modems.root .. "/modem-2/received") or {})
  end)
end)

describe("a modem that names no family", function()
  after_each(support.finish)

  for _, revision in ipairs { "02.08.02.00", "M9635A-CEFWTAZMX" } do
    it("is updated by its ids: " .. revision, function()
      local modem = stage.mc7455("revision=" .. revision)
      local run = stage.moonflash(modem, "plan", unpack(stage.images "mc7455"))
      assert.equal(0, run.status, run.stderr)
    end)
  end
end)
