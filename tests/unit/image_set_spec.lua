-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Whether files make an update together.
local build = require "tests.images.build"
local failure = require "moonflash.base.failure"
local files = require "tests.unit.image_files"
local image = require "moonflash.image"
local packages = require "tests.images.packages"
local support = require "tests.support"

local inspect, write, SMALL = files.inspect, files.write, files.SMALL

describe("a set of images", function()
  before_each(files.start)
  after_each(support.finish)

  local function has(set, fields)
    for name, value in pairs(fields) do assert.equal(value, set[name], name) end
  end

  local function set_of(list, options)
    local reports = {}
    for index, entry in ipairs(list) do reports[index] = inspect(unpack(entry)) end
    return image.set(reports, options)
  end

  local function refused(code, words, list, options)
    local set = set_of(list, options)
    assert.is_false(set.ok)
    assert.equal(code == "image.incomplete_set", set.fits)
    assert.equal(code, set.problems[1].code)
    assert.matches(words, set.problems[1].message, 1, true)
    assert.is_not_nil(failure.codes[code])
  end

  local function refuses_options(list, options, ...)
    local set = set_of(list, options)
    assert.is_false(set.fits)
    assert.equal("image.mismatch", set.problems[1].code)
    for _, words in ipairs { ... } do assert.matches(words, set.problems[1].message, 1, true) end
  end

  it("of firmware and settings is sent in that order", function()
    for _, list in ipairs { { { "firmware" }, { "settings" } }, { { "settings" }, { "firmware" } } } do
      local set = set_of(list)
      assert.same({}, set.problems)
      has(set, { ok = true, firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000",
        family = "SWI9X30C", product = "9X30", bytes = SMALL + 23855 })
      assert.equal("firmware", set.images[1].kind)
      assert.equal("settings", set.images[2].kind)
    end
  end)

  it("of one package is whole", function()
    has(set_of { { "package", { size = 60000 } } }, { ok = true, carrier = "GENERIC" })
  end)

  it("lacks settings, unless carrier and config are said", function()
    refused("image.incomplete_set", "(.nvu)", { { "firmware" } })
    refused("image.incomplete_set", "(.nvu)", { { "firmware" } }, { carrier = "GENERIC" })
    has(set_of({ { "firmware" } }, { carrier = "GENERIC", config_version = "002.072_000" }), { ok = true,
      firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" })
  end)

  it("lacks firmware, unless it is said or the settings are an OEM's", function()
    refused("image.incomplete_set", "(.cwe)", { { "settings" } })
    has(set_of({ { "settings" } }, { firmware_version = "02.33.03.00" }), { ok = true })
    has(set_of { { "settings", { sku = "1102662", carrier = "Lenovo-Laptop" } } }, { ok = true,
      firmware = "02.33.03.00" })
  end)

  it("of nothing is refused", function()
    refused("image.incomplete_set", "no image", {})
  end)

  it("of two versions is refused, unless the user decides", function()
    local list = { { "firmware" }, { "settings", { version = "02.33.03.01" } } }
    refused("image.mismatch", "02.33.03.01", list)
    has(set_of(list, { firmware_version = "02.33.03.00" }), { ok = true, firmware = "02.33.03.00" })
  end)

  it("of two families is refused, whatever is said", function()
    local list = { { "firmware" }, { "settings", { family = "SWI9X15C" } } }
    refused("image.mismatch", "9X15", list)
    refused("image.mismatch", "9X15", list, { firmware_version = "02.33.03.00" })
  end)

  it("with a part twice is refused", function()
    refused("image.mismatch", "two files bring firmware", { { "firmware" }, { "firmware" } })
    refused("image.mismatch", "two files bring firmware",
      { { "package", { size = 60000 } }, { "firmware" } })
    refused("image.mismatch", "two files bring settings",
      { { "firmware" }, { "settings" }, { "settings", { carrier = "SPRINT" } } })
  end)

  it("takes what the user says only for what no header tells", function()
    local both = { { "firmware" }, { "settings" } }
    refuses_options(both, { carrier = "VZW" }, "--carrier VZW contradicts", "which says GENERIC")
    refuses_options(both, { config_version = "002.071_000" }, "--config-version 002.071_000", "002.072_000")
    refuses_options(both, { firmware_version = "02.33.03.01" }, "--firmware-version 02.33.03.01", ".cwe")
    refuses_options({ { "settings" } }, { firmware_version = "02.33.03.01" }, "--firmware-version", ".nvu")
    refuses_options({ { "package", { size = 60000 } } }, { carrier = "ATT" }, "carrier ATT", ".spk")
    has(set_of(both, { firmware_version = "02.33.03.00", config_version = "002.072_000" }), { ok = true })
  end)

  it("spells the carrier as the image does", function()
    has(set_of({ { "firmware" }, { "settings" } }, { carrier = "Generic" }), { ok = true, carrier = "GENERIC" })
    has(set_of({ { "firmware" }, { "settings", { carrier = "Vzw" } } }, { carrier = "VZW" }), { carrier = "Vzw" })
    has(set_of({ { "firmware" } }, { carrier = "Generic", config_version = "002.072_000" }), { carrier = "Generic" })
  end)

  it("takes what the user says before what a file's name says", function()
    local version = "INTERNAL_?_SWI9X30C_02.33.03.00_?_?_?_?"
    local inner = build.record({ type = "NVUP", version = version }, "x")
    local named = image.inspect(write(build.bytes(build.record({ type = "SPKG", product = "9X30" }, { inner })),
      "SWI9X30C_02.33.03.00_Verizon_002.072_000.nvu"))
    has(image.set({ inspect "firmware", named }), { ok = true, carrier = "Verizon" })
    has(image.set({ inspect "firmware", named }, { carrier = "VZW" }), { ok = true, carrier = "VZW" })
  end)

  it("is not complete without an SPKG record around each image", function()
    for _, kind in ipairs { "NVUP", "FILE", "BOOT" } do
      local version = "9999999_9904609_SWI9X30C_02.33.03.00_00_GENERIC_002.072_000"
      local bare = image.inspect(write(build.bytes(build.record({ type = kind, version = version, product = "9X30" },
        "x")), "bare.nvu"))
      local set = image.set({ inspect "firmware", bare }, {})
      assert.is_false(set.ok)
      if set.fits then assert.matches("bare " .. kind .. " record", set.problems[1].message) end
    end
  end)

  it("refuses empty and odd words of the user", function()
    local list = { { "firmware" }, { "settings" } }
    refused("image.unversioned", "--firmware-version: '' is not the version of a firmware", list,
      { firmware_version = "" })
    refused("image.unversioned", "--carrier: '?' is not the name of a carrier", list, { carrier = "?" })
    refused("image.unversioned", "--config-version: '2' is not the version of settings", list, { config_version = "2" })
  end)

  it("without a version anywhere is refused", function()
    local inner = build.record({ type = "BOOT" }, "x")
    local nameless = image.inspect(write(build.bytes(build.record({ type = "SPKG" }, { inner })), "x.cwe"))
    local set = image.set({ nameless }, { carrier = "GENERIC", config_version = "002.072_000" })
    assert.equal("image.unversioned", set.problems[1].code)
    assert.matches("firmware", set.problems[1].message)
  end)

  it("with a damaged file says what is wrong with that, and no more", function()
    local bytes = build.bytes(packages.firmware { size = SMALL })
    local damaged = image.inspect(write(bytes:sub(1, -2), "damaged.cwe"))
    local set = image.set { damaged }
    assert.is_false(set.ok)
    assert.equal(1, #set.problems)
    assert.equal("image.corrupt", set.problems[1].code)
    assert.matches("damaged.cwe: ", set.problems[1].message, 1, true)
  end)

  it("bears a file that could not be read", function()
    local _, problem = image.inspect(files.folder .. "/none")
    local set = image.set { { file = files.folder .. "/none", ok = false, records = {}, problems = { problem } } }
    assert.is_false(set.ok)
    assert.same({ "source.not_found", problem.message }, { set.problems[1].code, set.problems[1].message })
  end)
end)
