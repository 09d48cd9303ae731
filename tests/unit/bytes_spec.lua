-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local bytes = require "moonflash.core.bytes"

local layouts = {
  u8 = { value = 0xfe, packed = "fe", most = 0xff },
  u16le = { value = 0xfedc, packed = "dc fe", most = 0xffff },
  u16be = { value = 0xfedc, packed = "fe dc", most = 0xffff },
  u32le = { value = 0xfedcba98, packed = "98 ba dc fe", most = 0xffffffff },
  u32be = { value = 0xfedcba98, packed = "fe dc ba 98", most = 0xffffffff },
}

describe("bytes", function()
  it("packs and unpacks every layout", function()
    for name, layout in pairs(layouts) do
      local packed = bytes[name](layout.value)
      assert.equal(layout.packed, bytes.hex(packed))
      assert.equal(layout.value, bytes["get_" .. name](packed))
      assert.equal(("%.0f"):format(layout.value), tostring(bytes["get_" .. name](packed)))
      assert.equal(layout.value, bytes["get_" .. name]("xx" .. packed .. "y", 3))
      assert.equal(layout.most, bytes["get_" .. name](bytes[name](layout.most)))
      assert.equal(0, bytes["get_" .. name](bytes[name](0)))
    end
  end)

  it("gives nil beyond the end", function()
    for name, layout in pairs(layouts) do
      local packed = bytes[name](layout.value)
      assert.is_nil(bytes["get_" .. name](packed, 2))
      assert.is_nil(bytes["get_" .. name](packed:sub(2), 1))
      assert.is_nil(bytes["get_" .. name](packed, 2 ^ 53))
    end
  end)

  it("raises for numbers that do not fit", function()
    for name, layout in pairs(layouts) do
      assert.has_error(function() bytes[name](layout.most + 1) end)
      assert.has_error(function() bytes[name](-1) end)
      assert.has_error(function() bytes[name](0.5) end)
      assert.has_error(function() bytes["get_" .. name]("abcdef", 0) end)
    end
  end)

  it("writes and reads hex", function()
    assert.equal("0d 16", bytes.hex("\13\22"))
    assert.equal("0d16", bytes.hex("\13\22", ""))
    assert.equal("0d, 16", bytes.hex("\13\22", ", "))
    assert.equal("", bytes.hex(""))
    assert.equal("\13\22\255", bytes.from_hex(" 0D\t16\nfF "))
    assert.equal("\13\22", bytes.from_hex("0d16"))
    assert.equal("", bytes.from_hex(""))
  end)

  it("gives nil for what is not hex", function()
    for _, text in ipairs { "0", "0d 1", "0x0d", "zz", "0d-16", "0d\0" } do
      assert.is_nil(bytes.from_hex(text))
    end
  end)

  it("takes every byte there and back", function()
    local all = {}
    for value = 0, 255 do all[#all + 1] = string.char(value) end
    local packed = table.concat(all)
    assert.equal(packed, bytes.from_hex(bytes.hex(packed)))
  end)

  it("formats large numbers in hex", function()
    assert.equal("0", bytes.hex_number(0))
    assert.equal("001a", bytes.hex_number(0x1a, 4))
    assert.equal("fedcba98", bytes.hex_number(0xfedcba98, 8))
    assert.equal("12345", bytes.hex_number(0x12345, 2))
    assert.equal("20000000000000", bytes.hex_number(2 ^ 53))
  end)

  it("masks values of 2^31 and above", function()
    assert.equal(0x80000000, bytes.band(0xffffffff, 0x80000000))
    assert.equal(0xf000000f, bytes.bor(0xf0000000, 0x0000000f))
    assert.equal(0, bytes.band(0xf0, 0x0f))
    assert.has_error(function() bytes.band(2 ^ 32, 1) end)
  end)
end)
