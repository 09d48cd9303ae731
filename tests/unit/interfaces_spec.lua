-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The core takes a channel, reader or conversation only from a class of its own. Everything else raises: a
-- cast of another userdata would be a segmentation fault.
local cwe = require "moonflash.core.cwe"
local qdl = require "moonflash.core.qdl"
local source = require "moonflash.core.source"
local transfer = require "moonflash.core.transfer"

-- A userdata that says of itself that it is all of them.
local function impostor()
  local proxy, meta = assert(io.tmpfile()), {}
  proxy:close()
  for _, interface in ipairs { "reader", "channel", "conversation" } do
    meta[interface], meta["moonflash." .. interface .. "s"] = true, true
  end
  meta.__index = meta
  return debug.setmetatable(proxy, meta)
end

local given = {
  ["a userdata of Lua's"] = impostor(), ["an open file"] = io.stdout, ["a table"] = { reader = true },
  ["nothing"] = false,
}

describe("an interface of the core", function()
  for name, value in pairs(given) do
    it("is not " .. name, function()
      assert.has_error(function() cwe.verified(value):read(10) end)
      assert.has_error(function() source.bytes("bytes", value):read(10) end)
      assert.has_error(function() transfer.new { conversation = value, channel = value }:run() end)
      local conversation = qdl.conversation()
      assert.has_error(function() transfer.new { conversation = conversation, channel = value }:run() end)
    end)
  end

  it("is not another one", function()
    assert.has_error(function() cwe.verified(qdl.conversation()) end)
    assert.has_error(function()
      transfer.new { conversation = source.bytes "bytes", channel = source.bytes "bytes" }
    end)
  end)

  it("stays with its class when somebody writes into the class's table", function()
    local reader = source.bytes "bytes"
    getmetatable(reader).reader = false
    assert.equal("bytes", cwe.verified(reader):read(10))
    getmetatable(reader).reader = nil
  end)
end)
