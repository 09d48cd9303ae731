-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The Lua face of the CWE verifier; what the verifier itself detects is in test_cwe.c.
local build = require "tests.images.build"
local cwe = require "moonflash.core.cwe"
local packages = require "tests.images.packages"
local source = require "moonflash.core.source"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local vectors = require "tests.vectors.init"

local golden = vectors.bytes "cwe-nvup-disableb5"

describe("cwe.parse", function()
  it("reads the header of a real object", function()
    local header = cwe.parse(golden)
    assert.is_true(header.header_ok)
    assert.is_true(header.printable)
    assert.same({ "NVUP", "9x30", "9999999_9901234_SWI9X30C_02.05.03.00_00_DisableB5_1_000", "12/08/15" },
      { header.type, header.product, header.version, header.date })
    assert.same({ 202, 0x2c89290d, 0xf2697aa7, 3, 0x474f4f44, 1, 0, 0x50617273, 0 }, {
      header.image_size, header.image_crc, header.header_crc, header.revision, header.crc_indicator,
      header.compatibility, header.options, header.signature, header.package_code })
  end)

  -- The headers of real files as parsecwe.pl and makenvup.pl print them.
  local real = {
    { type = "SPKG", size = 64204473, crc = 0x037d715c, version = "INTERNAL_?_SWI9X30C_02.08.02.00_?_?_?_?" },
    { type = "SPKG", size = 11072, crc = 0xa980254f, code = 2, header_crc = 0x82d92888,
      prefix = "\1\2\0\0\0\0\1\144\0\0\43\64FULL",
      version = "9999999_9904779_SWI9X30C_02.08.02.00_00_SPRINT_000.012_000" },
    { type = "FILE", size = 10272, crc = 0x02eee9fe, version = "/swir/nvdelta/NVUP_SPRINT.010" },
    { type = "SPKG", size = 11976, crc = 0x3a9b2ec2, code = 3, header_crc = 0x69d98b86,
      prefix = "\1\3\0\0\0\0\1\144\0\0\46\200FULL",
      version = "1102662_9905046_EM7455_02.05.07.00_00_Lenovo-Laptop_001.003_000" },
  }
  for _, fields in ipairs(real) do
    it("reads the header of " .. fields.version, function()
      local header = cwe.parse(build.header(fields))
      assert.is_true(header.header_ok)
      assert.same({ fields.type, fields.size, fields.crc, fields.version, fields.code or 0 },
        { header.type, header.image_size, header.image_crc, header.version, header.package_code })
    end)
  end

  it("tells a damaged header and texts that are none", function()
    assert.is_false(cwe.parse(build.header { type = "SPKG", size = 1, crc = 1, header_crc = 1 }).header_ok)
    local header = cwe.parse(build.header { type = "S\1KG", size = 1, crc = 1 })
    assert.is_false(header.printable)
    assert.equal("S?KG", header.type)
  end)

  it("wants 400 bytes", function()
    assert.has_error(function() cwe.parse(golden:sub(1, 399)) end)
  end)
end)

describe("a verified reader", function()
  local folder, into, v

  before_each(function()
    support.watch()
    folder, into, v = support.folder(), nil, nil
  end)

  after_each(function()
    if v then v:close() end
    if into then sys.close(into) end
    support.finish()
  end)

  local function refuses(code, result, failure)
    assert.is_nil(result)
    assert.equal(code, failure.code)
    return failure
  end

  local function over_file(bytes, options)
    if v then v:close() end
    local path = folder .. "/image"
    assert(sys.write_file(path, bytes))
    v = cwe.verified(assert(source.file(path)), options)
    return v
  end

  local function over_pipe(options)
    local out
    out, into = sys.pipe()
    v = cwe.verified(assert(source.descriptor(out)), options)
    sys.close(out)
    return v
  end

  local function hang_up()
    sys.close(into)
    into = nil
  end

  -- All it gives, and how it ended: nil or a failure.
  local function read_all(count)
    local pieces = {}
    while true do
      local piece, failure = v:read(count, 1000)
      if not piece then return table.concat(pieces), failure end
      assert.is_true(#piece >= 1 and #piece <= count)
      pieces[#pieces + 1] = piece
    end
  end

  for _, withhold in ipairs { false, true } do
    describe(withhold and "that withholds" or "that only looks", function()
      it("gives a good image unchanged, whatever the size of the reads", function()
        for _, count in ipairs { 1, 2, 3, 7, 399, 400, 401, 601, 602, 603, 65536 } do
          over_file(golden, { withhold = withhold })
          local got, failure = read_all(count)
          assert.is_nil(failure)
          assert.is_true(golden == got)
          assert.is_true(v:report().ok)
        end
      end)

      it("gives a good image unchanged, however it arrives", function()
        for split = 1, #golden - 1, 7 do
          over_pipe { withhold = withhold }
          sys.write(into, golden:sub(1, split))
          local first, silent = v:read(1000, 0)
          if not first then refuses("source.timeout", first, silent) end
          sys.write(into, golden:sub(split + 1))
          hang_up()
          local rest, failure = read_all(1000)
          assert.is_nil(failure)
          assert.is_true(golden == (first or "") .. rest)
          v:close()
        end
      end)

      it("can be read again, with the same verdict", function()
        over_file(golden, { withhold = withhold })
        for _ = 1, 3 do
          assert.equal(#golden, #read_all(100))
          assert.is_true(v:report().ok)
          assert.is_true(v:rewind())
          assert.is_false(v:report().ok)
        end
      end)
    end)
  end

  it("reports the records, the checksum and the length", function()
    local made = packages.settings { settings_size = 3000 }
    over_file(build.bytes(made))
    assert.is_true(v:drain(1000))
    local report = v:report()
    assert.is_true(report.ok)
    assert.is_true(report.complete)
    assert.equal(3000, report.bytes)
    assert.same({}, report.problems)
    local seen = {}
    for index, record in ipairs(report.records) do
      seen[index] = { record.depth, record.offset, record.type, record.size, record.header_crc,
        record.image_crc }
      assert.equal(record.stated_crc, record.computed_crc)
    end
    assert.same({
      { 0, 0, "SPKG", 2600, "ok", "ok" }, { 1, 400, "FILE", 2200, "ok", "ok" },
      { 2, 800, "FILE", 1800, "ok", "ok" }, { 3, 1200, "NVUP", 1400, "ok", "ok" },
    }, seen)
    assert.equal(made.crc, report.records[1].computed_crc)
  end)

  it("reports problems with their names and places", function()
    over_file(golden:sub(1, 500) .. "\255" .. golden:sub(502) .. "more")
    assert.is_true(v:drain(1000))
    local report = v:report()
    assert.is_false(report.ok)
    assert.same({
      { kind = "bad_image_crc", offset = 0 },
      { kind = "trailing_bytes", offset = 602 },
    }, report.problems)
  end)

  it("is not complete before the end", function()
    over_file(golden)
    assert(v:read(#golden))
    assert.is_false(v:report().complete)
    assert.is_false(v:report().ok)
    assert.is_nil(v:read(1))
    assert.is_true(v:report().ok)
  end)

  it("keeps the reader behind it alive", function()
    over_file(golden)
    collectgarbage()
    collectgarbage()
    assert.is_true(v:drain(1000))
    assert.is_true(v:report().ok)
  end)

  it("has the name, the size and the rewinding of the reader behind it", function()
    over_file(golden)
    assert.equal(folder .. "/image", tostring(v))
    assert.equal(602, v:size())
    v:close()
    over_pipe()
    assert.is_nil(v:size())
    assert.is_false(v:rewind())
  end)

  it("fails when the reader behind it is closed", function()
    over_file(golden):close()
    refuses("source.failed", v:read(1))
    refuses("source.failed", v:rewind())
    v:close()
  end)

  describe("that withholds", function()
    it("keeps the last byte until the source has ended", function()
      over_pipe { withhold = true }
      sys.write(into, golden)
      assert.is_true(golden:sub(1, -2) == v:read(1000, 1000))
      refuses("source.timeout", v:read(1000, 20))
      hang_up()
      assert.equal(golden:sub(-1), v:read(1000, 1000))
      assert.is_nil(v:read(1000, 1000))
      assert.is_nil(v:read(1000, 1000))
    end)

    it("never gives the last byte of an image that is not good", function()
      local wrong = {
        golden:sub(1, 401) .. "\255" .. golden:sub(403), golden:sub(1, -2) .. "\1", golden:sub(1, -2),
        golden .. "x", "\1" .. golden:sub(2), ("x"):rep(602), golden:sub(1, 100),
      }
      for _, bytes in ipairs(wrong) do
        for _, count in ipairs { 1, 2, 400, 1000 } do
          over_file(bytes, { withhold = true })
          local got, failure = read_all(count)
          refuses("source.rejected", nil, failure)
          assert.is_true(#got < math.min(#bytes, #golden))
          refuses("source.rejected", v:read(1))
        end
      end
    end)

    it("rejects an empty file", function()
      over_file("", { withhold = true })
      refuses("source.rejected", v:read(1))
    end)

    it("rejects a good image that is not the expected one", function()
      local crc = require("moonflash.core.crc").crc32(golden)
      over_file(golden, { withhold = true, expect = crc })
      assert.equal(602, #read_all(100))
      over_file(golden, { withhold = true, expect = 0 })
      local got, failure = read_all(100)
      refuses("source.rejected", nil, failure)
      assert.equal(601, #got)
    end)

    it("stops a drain", function()
      over_file(golden .. "x", { withhold = true })
      refuses("source.rejected", v:drain(1000))
    end)
  end)

  describe("drained", function()
    it("tells how far it is", function()
      local size, told = 3500000, {}
      over_file(build.bytes(packages.firmware { size = size }))
      assert.is_true(v:drain(1000, function(bytes, all)
        told[#told + 1] = bytes
        assert.equal(size, all)
      end))
      assert.equal(3, #told)
      for index, bytes in ipairs(told) do assert.is_true(bytes >= index * 1048576) end
    end)

    it("does not wait for a silent source for ever", function()
      over_pipe()
      sys.write(into, golden:sub(1, 300))
      refuses("source.timeout", v:drain(20))
    end)

    it("does not wait for the end of what cannot become good, if that has no size", function()
      local function kind_of(bytes)
        over_pipe()
        sys.write(into, bytes)
        assert.is_true(v:drain(20))
        v:close()
        hang_up()
        return v:report().problems[1].kind
      end
      assert.equal("not_cwe", kind_of(("x"):rep(400)))
      assert.equal("trailing_bytes", kind_of(golden .. "x"))
      over_pipe()
      sys.write(into, golden)
      refuses("source.timeout", v:drain(20)) -- it could go on
      hang_up()
      over_file(("x"):rep(100000))
      assert.is_true(v:drain(20))
      assert.equal(100000, v:report().bytes)
    end)

    it("is left by an interrupt", function()
      over_file(build.bytes(packages.firmware { size = 200000 }))
      assert(sys.kill(sys.process_id(), "INT"))
      refuses("source.interrupted", v:drain(1000))
      sys.clear_interrupt()
      assert.is_true(v:drain(1000))
      assert.is_true(v:report().bytes == 200000)
    end)

    it("passes on what progress raises", function()
      over_file(build.bytes(packages.firmware { size = 2000000 }))
      assert.has_error(function() v:drain(1000, function() error "stop" end) end)
    end)

    it("takes the same memory for every size", function()
      for _, size in ipairs { 100000, 8000000 } do
        packages.write(packages.firmware { size = size, version = "00.00.00.00" }, folder)
        v = cwe.verified(assert(source.file(folder .. "/SWI9X30C_00.00.00.00.cwe")))
        collectgarbage()
        local before = collectgarbage "count"
        assert.is_true(v:drain(1000))
        assert.is_true(collectgarbage "count" - before < 100)
        assert.equal(size, v:report().bytes)
        v:close()
      end
    end)
  end)

  it("takes readers only", function()
    assert.has_error(function() cwe.verified(io.stdin) end)
    assert.has_error(function() cwe.verified {} end)
  end)
end)
