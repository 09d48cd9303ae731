-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local bytes = require "moonflash.core.bytes"
local hdlc = require "moonflash.core.hdlc"
local vectors = require "tests.vectors.init"

-- Traces whose every line is one frame.
local traces = {
  "qdl-em7455-reset", "qdl-mc7455-sdp-error22", "notqdl-em7455-diag-port", "notqdl-mc7750-pbl-dload-nak",
}

describe("hdlc", function()
  it("decodes the frames of real traces and makes them again", function()
    for _, name in ipairs(traces) do
      for _, line in ipairs(vectors.load(name)) do
        local payloads = hdlc.decoder(512):feed(line.bytes)
        assert.equal(1, #payloads, name)
        local flagged = line.bytes:gsub("^[^~]", "~%0")
        assert.equal(bytes.hex(flagged), bytes.hex(hdlc.frame(payloads[1])))
      end
    end
  end)

  it("escapes flag and escape bytes, in the checksum as well", function()
    local examples = vectors.named("qdl-examples")
    for _, sequence in ipairs { 101, 125, 126, 176 } do
      local payload = "\40" .. bytes.u16le(sequence) .. ("\0"):rep(6)
      assert.equal(bytes.hex(examples["ack " .. sequence]), bytes.hex(hdlc.frame(payload)))
    end
  end)

  it("gives all frames of one feed, and a frame fed byte by byte", function()
    local decoder = hdlc.decoder(512)
    local stream = hdlc.frame("one") .. hdlc.frame("~}") .. hdlc.frame("\0")
    assert.same({ "one", "~}", "\0" }, decoder:feed(stream))
    local seen = {}
    for byte in stream:gmatch(".") do
      for _, payload in ipairs(decoder:feed(byte)) do seen[#seen + 1] = payload end
    end
    assert.same({ "one", "~}", "\0" }, seen)
  end)

  it("counts what it drops", function()
    local decoder = hdlc.decoder(4)
    assert.same({ "four" }, decoder:feed("AT\r~" .. hdlc.frame("five5") .. hdlc.frame("four")))
    assert.same({ bad_crc = 1, too_long = 1 }, decoder:counters())
  end)

  it("frames nothing and much", function()
    assert.equal("7e 00 00 7e", bytes.hex(hdlc.frame("")))
    local much = ("~}x"):rep(100000)
    assert.same({ much }, hdlc.decoder(#much):feed(hdlc.frame(much)))
  end)

  it("raises for what is no decoder", function()
    assert.has_error(function() hdlc.decoder(512).feed(io.stdout, "x") end)
    assert.has_error(function() hdlc.decoder(-1) end)
  end)
end)
