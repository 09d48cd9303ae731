-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Channels with a tap around them: everything passes unchanged and is reported. What is reported of images is
-- in test_tap.c.
local port = require "moonflash.core.port"
local qdl = require "moonflash.core.qdl"
local source = require "moonflash.core.source"
local sys = require "moonflash.core.sys"
local tap = require "moonflash.core.tap"
local transfer = require "moonflash.core.transfer"

describe("a tap", function()
  local master, path, channel, reported

  local function note(kind, what)
    reported[#reported + 1] = { kind, what }
  end

  before_each(function()
    master, path = sys.pty()
    channel, reported = tap.new(assert(port.open(path)), note), {}
  end)

  after_each(function()
    channel:close()
    if master then sys.close(master) end
  end)

  it("reports both directions and changes nothing", function()
    assert(channel:write("AT\r", 1000))
    assert.equal("AT\r", sys.read(master, 100))
    sys.write(master, "OK\r\n")
    assert.equal("OK\r\n", channel:read(100, 1000))
    assert.same({ { "sent", "AT\r" }, { "received", "OK\r\n" } }, reported)
  end)

  it("is a channel like the one inside", function()
    assert.equal(path, tostring(channel))
    assert.is_number(channel:descriptor())
    sys.write(master, "late")
    sys.poll({ { fd = channel:descriptor(), read = true } }, 1000)
    assert.is_true(channel:discard())
    local _, problem = channel:read(1, 0)
    assert.equal("port.timeout", problem.code)
    channel:close()
    channel:close()
    assert.is_nil(channel:descriptor())
    assert.has_error(function() channel:read(1, 0) end, ("port %s is closed"):format(path))
    assert.same({}, reported)
  end)

  it("reports once that the other end is gone", function()
    sys.close(master)
    master = nil
    assert.is_nil(channel:read(1, 1000))
    assert.is_nil(channel:read(1, 1000))
    assert.same({ { "ended", 0 } }, reported)
  end)

  it("takes any channel, a tap too", function()
    local outer = {}
    local around = tap.new(channel, function(kind) outer[#outer + 1] = kind end)
    assert(around:write("hello", 1000))
    assert.equal("hello", sys.read(master, 100))
    assert.same({ "sent" }, outer)
    assert.same({ { "sent", "hello" } }, reported)
    assert.has_error(function() tap.new(source.bytes "hello", note) end)
    assert.has_error(function() tap.new(channel) end)
  end)

  it("keeps the channel and the function alive", function()
    channel:close()
    channel = tap.new(assert(port.open(path)), function(...) note(...) end)
    collectgarbage()
    collectgarbage()
    assert(channel:write("hello", 1000))
    assert.equal("hello", reported[1][2])
  end)

  it("survives a function that raises, uses the tap or closes it", function()
    local closed
    channel:close()
    for _, misuse in ipairs {
      function() error "no" end,
      function(around) around:write("more", 1000) end,
      function(around) closed = pcall(around.close, around) end,
      function() return coroutine.yield() end,
    } do
      reported = {}
      local other_end, slave = sys.pty() -- of its own: what one function writes may arrive late
      local inside = assert(port.open(slave))
      local around
      around = tap.new(inside, function(kind)
        reported[#reported + 1] = kind
        misuse(around)
      end)
      assert(around:write("hello", 1000))
      assert.equal("hello", sys.read(other_end, 100):sub(1, 5))
      assert.same({ "sent" }, reported)
      assert(around:discard())
      around:close()
      sys.close(other_end)
    end
    assert.is_false(closed)
  end)

  it("reports what a transfer does", function()
    local conversation = qdl.conversation { greeting_ms = 1, greeting_attempts = 1 }
    conversation:greet()
    assert.is_nil(transfer.new { conversation = conversation, channel = channel }:run())
    assert.same({ "sent", "\126\112\0\0\20\70\126" }, reported[1])
    assert.equal(2, #reported)
  end)
end)
