-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The simulated modem's own rules: what it wants, stores, runs.
local cwe = require "moonflash.sim.cwe_reader"
local faults = require "moonflash.sim.faults"
local models = require "moonflash.sim.models"
local packages = require "tests.images.packages"
local stores = require "moonflash.sim.image_store"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local new_pair = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }

local function store(...)
  return stores.new(models.find "MC7455", faults.parse { ... })
end

describe("the simulated store", function()
  it("wants what it does not have", function()
    assert.same({ 0, 1 }, store():prefer(new_pair))
    assert.same({}, store("stored=02.33.03.00/Generic/002.072_000"):prefer(new_pair))
    assert.same({}, store("already-stored"):prefer(new_pair))
    local other_carrier = { firmware = "02.08.02.00", carrier = "BELL", config = "002.010_000" }
    assert.same({ 1 }, store():prefer(other_carrier))
  end)

  it("wants both when told to override", function()
    assert.same({ 0, 1 }, store("already-stored"):prefer(new_pair, true))
  end)

  it("runs the preferred pair when it has both halves, and not before", function()
    local s = store()
    s:prefer(new_pair)
    s:take({ firmware = "02.33.03.00" }, true)
    s:boot()
    assert.same({ firmware = "02.33.03.00", carrier = "GENERIC", config = "002.007_001" }, s.running)
    assert.same({ false, true }, { s:mismatch() })
    s:take({ settings = new_pair }, true)
    s:boot()
    assert.same(new_pair, s.running)
    assert.same({ false, false }, { s:mismatch() })
    assert.equal(4, s:active_slot())
  end)

  it("fills no slot after AT!BOOTHOLD", function()
    local s = store()
    s:take({ firmware = "02.33.03.00", settings = new_pair }, false)
    s:boot()
    assert.same(new_pair, s.running)
    assert.equal(255, s:active_slot())
    assert.is_nil(s:slot "02.33.03.00")
  end)

  it("replaces a firmware that does not run when all slots are full", function()
    local s = store("stored=02.20.03.00/GENERIC/002.020_000")
    s:add_firmware "02.33.03.00"
    assert.equal(1, s:slot "02.08.02.00")
    assert.equal(4, s:slot "02.33.03.00")
  end)

  it("deletes what does not run", function()
    local s = store()
    assert.is_true(s:delete(0, "02.05.07.00_?", "?_?"))
    assert.is_false(s:delete(0, "02.05.07.00_?", "?_?"))
    assert.is_false(s:delete(0, "02.08.02.00_?", "?_?"))
    assert.is_true(s:delete(1, "02.08.02.00_ATT", "002.009_001"))
    assert.is_false(s:delete(1, "02.08.02.00_GENERIC", "002.007_001"))
  end)
end)

describe("the simulated loader's look at an image", function()
  after_each(support.finish)

  local function write(kind, options)
    return packages.write(packages[kind](options), support.folder())
  end

  it("finds what each packaging brings", function()
    local found = cwe.contents(cwe.verify(write("firmware", { size = 50000 })))
    assert.same({ firmware = "02.33.03.00" }, found)
    assert.same({ settings = new_pair }, cwe.contents(cwe.verify(write "settings")))
    found = cwe.contents(cwe.verify(write("package", { size = 80000 })))
    assert.same({ firmware = "02.33.03.00", settings = new_pair }, found)
  end)

  it("finds carriers with digits, and settings with a plain number", function()
    for _, pair in ipairs { { "GENEU-4G", "005.026_000" }, { "DisableB5", "1_000" }, { "OEMPRI918", "001.000_000" } } do
      local found = cwe.contents(cwe.verify(write("settings", { carrier = pair[1], config = pair[2] })))
      assert.same(pair, { found.settings.carrier, found.settings.config })
    end
  end)

  it("takes the real object of the traces", function()
    local text = assert(sys.read_file "tests/vectors/cwe-nvup-disableb5.txt"):gsub("#[^\n]*\n", "")
    local path = support.folder() .. "/real.cwe"
    sys.write_file(path, require("moonflash.core.bytes").from_hex(text))
    local records = assert(cwe.verify(path))
    assert.equal("NVUP", records[1].type)
    assert.equal(202, records[1].size)
  end)

  it("sees one wrong bit at any depth", function()
    local path = write("firmware", { size = 50000 })
    local text = assert(sys.read_file(path))
    for _, at in ipairs { 10, 450, 900, 20000, #text } do
      local broken = text:sub(1, at - 1) .. string.char((text:byte(at) + 1) % 256) .. text:sub(at + 1)
      sys.write_file(path, broken)
      local records, why = cwe.verify(path)
      assert.is_nil(records, "at " .. at)
      assert.is_string(why)
    end
  end)
end)
