-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local crc = require "moonflash.core.crc"

describe("crc", function()
  it("gives the published check values", function()
    assert.equal(0x906e, crc.crc16("123456789"))
    assert.equal(0x340bc6d9, crc.crc32("123456789"))
  end)

  it("gives values of 2^31 and above as positive numbers", function()
    assert.equal(0xf2697aa7, crc.crc32(("\0"):rep(256)))
    assert.equal(0xffffffff, crc.crc32(""))
  end)

  it("goes on from a value", function()
    local text = "any bytes \0\126\125 whatever"
    for at = 0, #text do
      assert.equal(crc.crc32(text), crc.crc32(text:sub(at + 1), crc.crc32(text:sub(1, at))))
      assert.equal(crc.crc16(text), crc.crc16(text:sub(at + 1), crc.crc16(text:sub(1, at))))
    end
  end)

  it("combines two values without the bytes", function()
    local a, b = ("a"):rep(700), ("\255"):rep(256)
    assert.equal(crc.crc32(a .. b), crc.crc32_combine(crc.crc32(a), crc.crc32(b), #b))
    assert.equal(crc.crc32(a), crc.crc32_combine(crc.crc32(a), crc.crc32(""), 0))
  end)

  it("raises for a value that is no checksum", function()
    assert.has_error(function() crc.crc32("", 2 ^ 32) end)
    assert.has_error(function() crc.crc16("", 65536) end)
    assert.has_error(function() crc.crc32("", -1) end)
    assert.has_error(function() crc.crc32_combine(1, 2, 0.5) end)
  end)
end)
