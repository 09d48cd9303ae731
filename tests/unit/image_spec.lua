-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What a file is for, and whether files fit together.
local build = require "tests.images.build"
local failure = require "moonflash.base.failure"
local files = require "tests.unit.image_files"
local image = require "moonflash.image"
local model = require "moonflash.engine.model"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local vectors = require "tests.vectors.init"

local inspect, write, SMALL = files.inspect, files.write, files.SMALL

describe("an image", function()
  before_each(files.start)
  after_each(support.finish)

  local function has(report, fields)
    for name, value in pairs(fields) do assert.equal(value, report[name], name) end
  end

  describe("is inspected:", function()
    it("firmware", function()
      local report = inspect "firmware"
      has(report, { ok = true, kind = "firmware", family = "SWI9X30C", product = "9X30", bytes = SMALL,
        firmware = "02.33.03.00", oem = false, read_once = false, complete = true,
        file = files.folder .. "/SWI9X30C_02.33.03.00.cwe" })
      has(report.from, { firmware = "outer header", family = "outer header", product = "outer header" })
      assert.is_nil(report.carrier)
      assert.is_nil(report.config)
      assert.same({}, report.problems)
      assert.same({}, report.notes)
      assert.equal("SPKG BOOT SBL1 QRPM TZON MODM AMSS APPL APPS SYST USER", (function()
        local types = {}
        for index, record in ipairs(report.records) do types[index] = record.type end
        return table.concat(types, " ")
      end)())
    end)

    it("settings of a carrier", function()
      has(inspect "settings", { ok = true, kind = "settings", firmware = "02.33.03.00", carrier = "GENERIC",
        config = "002.072_000", sku = "9999999", part = "9904609", oem = false, bytes = 23855 })
    end)

    it("settings of an OEM, which name the model", function()
      local report = inspect("settings", { sku = "1102662", device = "EM7455", carrier = "Lenovo-Laptop" })
      has(report, { ok = true, kind = "settings", oem = true, model = "EM7455", carrier = "Lenovo-Laptop" })
    end)

    it("a package of both", function()
      has(inspect("package", { size = 60000 }), { ok = true, kind = "package", firmware = "02.33.03.00",
        carrier = "GENERIC", config = "002.072_000" })
    end)

    it("the other family", function()
      has(inspect("firmware", { family = "SWI9X15C", version = "05.05.58.00" }), { ok = true,
        family = "SWI9X15C", product = "9X15", firmware = "05.05.58.00" })
    end)

    it("a real object of settings", function()
      local report = image.inspect(write(vectors.bytes "cwe-nvup-disableb5"))
      has(report, { ok = true, kind = "settings", product = "9X30", carrier = "DisableB5", config = "1_000" })
    end)
  end)

  describe("without a version in its outer header", function()
    local function wrapped(inner_type, inner_version, name)
      local inner = build.record({ type = inner_type, version = inner_version }, ("x"):rep(50))
      return image.inspect(write(build.bytes(build.record({ type = "SPKG" }, { inner })), name))
    end

    it("takes it from the BOOT record", function()
      local report = wrapped("BOOT", "INTERNAL_?_SWI9X30C_02.08.02.00_?_?_?_?", "SWI9X30C_09.09.09.09.cwe")
      has(report, { firmware = "02.08.02.00", kind = "firmware" })
      has(report.from, { firmware = "BOOT header at 400" })
    end)

    it("takes it from the NVUP record", function()
      local report = wrapped("NVUP", "9999999_9904779_SWI9X30C_02.08.02.00_00_SPRINT_000.012_000")
      has(report, { firmware = "02.08.02.00", carrier = "SPRINT", config = "000.012_000", kind = "settings" })
      has(report.from, { carrier = "NVUP header at 400" })
    end)

    it("takes what is missing from the file name", function()
      local report = wrapped("NVUP", "INTERNAL_?_SWI9X30C_02.08.02.00_?_?_?_?",
        "SWI9X30C_02.08.02.00_GENERIC_000.012_000.nvu")
      has(report, { firmware = "02.08.02.00", carrier = "GENERIC", config = "000.012_000" })
      has(report.from, { firmware = "NVUP header at 400", carrier = "file name", config = "file name" })
    end)

    it("has none when nothing says it", function()
      local report = wrapped("BOOT", "", "spkgz.cwe")
      assert.is_nil(report.firmware)
      assert.is_true(report.ok)
    end)
  end)

  it("whose name lies is believed itself, with a note", function()
    local report = inspect("settings", { carrier = "VZW" }, "SWI9X30C_02.33.03.00_Verizon_002.072_000.nvu")
    assert.equal("VZW", report.carrier)
    assert.same({ "the name says carrier Verizon, the image itself VZW: the image counts" }, report.notes)
    report = inspect("settings", {}, "SWI9X30C_02.33.03.00_Generic_002.072_000.nvu")
    assert.same({}, report.notes)
  end)

  it("is for the modems that its headers name, whatever its name says", function()
    local mc7455 = { name = "MC7455", aliases = { "EM7455" }, family = "SWI9X30C", product = "9X30" }
    for _, name in ipairs { "swi9x30c_02.33.03.00_generic_002.072_000.nvu", "MC7304_02.33.03.00.nvu",
      "Verizon@SWI9X30C_02.33.03.00_GENERIC_002.072_000.nvu", "MC7455-firmware_02.33.03.00.nvu",
      "SWI9X15C_02.33.03.00_GENERIC_002.072_000.nvu", "1102036_02.33.03.00.nvu" } do
      local report = inspect("settings", {}, name)
      assert.is_nil(report.model)
      assert.is_true(model.fits(mc7455, report), name)
    end
    assert.is_true(model.fits(mc7455, inspect("settings", { sku = "1102662", device = "EM7455B" })))
    local fits, words = model.fits(mc7455, inspect("settings", { sku = "1102662", device = "EM7565" }, "x.nvu"))
    assert.is_false(fits)
    assert.matches("outer header of .*/x.nvu: the model EM7565", words)
  end)

  it("takes family and model from its name only when no header has one, and its chip agrees", function()
    local function named(name, product)
      local inner = build.record({ type = "BOOT", product = product }, "x")
      return image.inspect(write(build.bytes(build.record({ type = "SPKG", product = product }, { inner })), name))
    end
    has(named("swi9x30c_02.33.03.00.cwe"), { family = "SWI9X30C", firmware = "02.33.03.00" })
    has(named("EM7455_02.33.03.00.cwe"), { model = "EM7455" })
    assert.is_nil(named("SWI9X15C_02.33.03.00.cwe").family)
    has(named("SWI9X15C_02.33.03.00.cwe", "M915"), { family = "SWI9X15C" })
    assert.is_nil(inspect("settings", { device = "EM7455" }, "SWI9X15C_02.33.03.00_X_002.072_000.nvu").family)
  end)

  describe("whose headers contradict each other is bad:", function()
    local function text(family, carrier, config)
      return ("9999999_9904609_%s_02.33.03.00_00_%s_%s"):format(family or "SWI9X30C", carrier or "GENERIC",
        config or "002.072_000")
    end

    local function nested(outer, inner)
      local records = {}
      for index, fields in ipairs(inner) do records[index] = build.record(fields, "x") end
      return image.inspect(write(build.bytes(build.record(outer, records)), "x.cwe"))
    end

    local function refuses(words, outer, inner)
      outer.type = "SPKG"
      local report = nested(outer, inner)
      assert.is_false(report.ok)
      assert.equal("image.corrupt", report.failure.code)
      assert.matches(words, report.failure.message)
      assert.is_false(image.set({ report }).ok)
    end

    it("the family", function()
      local firmware = { version = "INTERNAL_?_SWI9X30C_02.33.03.00_?_?_?_?", product = "9X30" }
      local other = "INTERNAL_?_SWI9X15C_05.05.58.00_?_?_?_?"
      refuses("family SWI9X30C %(outer header%), SWI9X15C %(BOOT header at 400%)", firmware,
        { { type = "BOOT", version = other }, { type = "MODM", version = other }, { type = "APPL", version = other } })
      refuses("SWI9X15C %(MODM header at 801%)", firmware,
        { { type = "BOOT" }, { type = "MODM", version = other } })
      refuses("family SWI9X30C %(BOOT", { version = "" },
        { { type = "BOOT", version = firmware.version }, { type = "NVUP", version = text "SWI9X15C" } })
    end)

    it("the chip", function()
      refuses("product 9X30 %(outer header%), 9X15 %(BOOT", { product = "9X30" },
        { { type = "BOOT", product = "9x15" } })
    end)

    it("carrier and version of settings", function()
      local outer = { version = text() }
      refuses("carrier GENERIC .* VZW %(NVUP", outer, { { type = "NVUP", version = text(nil, "VZW") } })
      refuses("config 002.072_000 .* 002.071_000", outer,
        { { type = "NVUP", version = text(nil, nil, "002.071_000") } })
      refuses("carrier GENERIC %(FILE", {},
        { { type = "FILE", version = text() }, { type = "NVUP", version = text(nil, "ATT") } })
    end)

    it("and not when they differ in case, or say nothing", function()
      local report = nested({ type = "SPKG", version = text(), product = "9X30" }, {
        { type = "FILE", version = "/swir/nvdelta/NVUP_SPRINT.010" }, { type = "BOOT" },
        { type = "NVUP", version = text("swi9x30c", "Generic") } })
      assert.same({}, report.problems)
      assert.same({}, nested({ type = "SPKG", product = "MDM" }, { { type = "BOOT", product = "9x15" } }).problems)
    end)
  end)

  describe("that is wrong", function()
    local whole = build.bytes(packages.firmware { size = SMALL })

    local function problem_of(bytes)
      local report = assert(image.inspect(write(bytes)))
      assert.is_false(report.ok)
      assert.is_not_nil(failure.codes[report.problems[1].code])
      return report.problems[1], report
    end

    it("names the record and both checksums", function()
      local problem, report = problem_of(whole:sub(1, 1300) .. "\0\0\0\0" .. whole:sub(1305))
      has(problem, { code = "image.corrupt", kind = "bad_image_crc", offset = 800,
        message = "SBL1: image CRC is wrong" })
      local stated, computed = problem.evidence:match "^the header says (%x+), the data gives (%x+)$"
      assert.equal(8, #stated)
      assert.equal(8, #computed)
      assert.equal(3, #report.problems) -- SBL1, BOOT and SPKG hold the byte
    end)

    it("says how much is missing", function()
      has(problem_of(whole:sub(1, 20000)), { kind = "truncated", offset = 20000,
        evidence = "20000 bytes, 30000 by the header" })
    end)

    it("says how much is too much", function()
      has(problem_of(whole .. "xyz"), { kind = "trailing_bytes", offset = 30000,
        evidence = "30003 bytes, 30000 by the header" })
    end)

    it("may be empty", function()
      local problem, report = problem_of ""
      assert.equal("the file is empty", problem.message)
      assert.equal(0, report.bytes)
      assert.is_nil(report.kind)
    end)

    it("may be shorter than a header", function()
      has(problem_of(whole:sub(1, 399)), { kind = "truncated", offset = 399 })
    end)

    local foreign = {
      MZ = "Windows program", ["<!DOCTYPE html>"] = "web page",
      ["\31\139\8"] = "gzip", ["\127ELF"] = "it begins with 7f 45 4c 46 ",
    }
    for beginning, words in pairs(foreign) do
      it("may be something else: " .. words, function()
        local problem = problem_of(beginning .. (" "):rep(1000))
        has(problem, { kind = "not_cwe", offset = 0 })
        assert.matches(words, problem.evidence, 1, true)
      end)
    end

    it("may be the beginning of a zip archive", function()
      assert(sys.write_file(files.folder .. "/file", "PK\3\4" .. ("\0"):rep(20)))
      local report, problem = image.inspect(files.folder .. "/file")
      assert.is_nil(report)
      assert.equal("source.failed", problem.code)
      assert.matches("ZIP", problem.evidence)
    end)

    it("or missing is a failure", function()
      local report, problem = image.inspect(files.folder .. "/none")
      assert.is_nil(report)
      assert.equal("source.not_found", problem.code)
    end)
  end)
end)
