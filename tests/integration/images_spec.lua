-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The generator of test images; that its images are right is what the image specs show.
local build = require "tests.images.build"
local content = require "tests.images.content"
local crc = require "moonflash.core.crc"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

describe("test images", function()
  after_each(support.finish)

  it("are the same for the same seed, and only then", function()
    local function bytes(seed) return build.bytes(packages.firmware { size = 200000, seed = seed }) end
    assert.is_true(bytes(1) == bytes(1))
    assert.is_false(bytes(1) == bytes(2))
  end)

  it("never change: other tests may know their checksums", function()
    assert.equal(0x29c1218f, crc.crc32(content.bytes(200000, 1)))
  end)

  it("have exactly the size asked for", function()
    for _, size in ipairs { 30000, 65536, 100001 } do
      for _, kind in ipairs { "firmware", "package" } do
        assert.equal(size, #build.bytes(packages[kind] { size = size }))
      end
      assert.equal(size, #build.bytes(packages.settings { settings_size = size }))
    end
    assert.has_error(function() packages.firmware { size = 1000 } end)
    assert.has_error(function() packages.settings { settings_size = 1000 } end)
  end)

  it("state a record's checksum as that of its data", function()
    local made = packages.package { size = 100000 }
    assert.equal(crc.crc32(build.bytes(made):sub(401)), made.crc)
  end)

  it("are written from the command line", function()
    local folder = support.folder()
    local make = { "lua5.1", "tests/images/make.lua", folder, "--size", "50000", "--family", "SWI9X15C",
      "--version", "05.05.58.00", "--carrier", "VZW", "--config", "005.029_001", "--seed", "7", "--spk" }
    local result = support.run(make)
    assert.same({ 0, "" }, { result.status, result.stderr })
    local names = {
      "9999999_9904609_SWI9X15C_05.05.58.00_00_VZW_005.029_001.spk",
      "SWI9X15C_05.05.58.00.cwe", "SWI9X15C_05.05.58.00_VZW_005.029_001.nvu",
    }
    assert.same(names, sys.list(folder))
    local same = build.bytes(packages.firmware { size = 50000, family = "SWI9X15C",
      version = "05.05.58.00", seed = 7 })
    assert.is_true(same == sys.read_file(folder .. "/" .. names[2]))
    for _, name in ipairs(names) do assert.matches(folder .. "/" .. name .. "\n", result.stdout, 1, true) end
    assert.equal(1, support.run({ "lua5.1", "tests/images/make.lua", folder, "--none", "1" }).status)
    assert.equal(1, support.run({ "lua5.1", "tests/images/make.lua" }).status)
  end)
end)
