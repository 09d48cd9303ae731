-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Images opened for sending, and images from a pipe.
local build = require "tests.images.build"
local crc = require "moonflash.core.crc"
local files = require "tests.unit.image_files"
local image = require "moonflash.image"
local packages = require "tests.images.packages"
local support = require "tests.support"
local source = require "moonflash.core.source"
local sys = require "moonflash.core.sys"

local made = files.make

local LARGE = 300000 -- more than is held in memory

describe("an image", function()
  before_each(files.start)
  after_each(support.finish)

  describe("is opened for sending", function()
    local function read_all(sending)
      local pieces = { sending.head }
      while true do
        local piece, problem = sending.reader:read(777)
        if not piece then return table.concat(pieces), problem end
        pieces[#pieces + 1] = piece
      end
    end

    it("as often as wanted, behind its header", function()
      local path = made "settings"
      local report = image.inspect(path)
      for _ = 1, 2 do
        local sending = assert(report:open())
        assert.equal(400, #sending.head)
        assert.equal(23855, sending.size)
        assert.is_true(sys.read_file(path) == read_all(sending))
        sending:close()
        sending:close()
      end
    end)

    it("unless it has changed", function()
      local path = made "settings"
      local report = image.inspect(path)
      made("settings", { seed = 2 })
      local sending = report:open()
      if sending then
        local got, problem = read_all(sending)
        assert.equal("source.rejected", problem.code)
        assert.is_true(#got < 23855)
        sending:close()
      end
      made("settings", { settings_size = 24000 })
      local refused, problem = report:open()
      assert.is_nil(refused)
      assert.equal("source.rejected", problem.code)
      sys.remove(path)
      assert.equal("source.not_found", select(2, report:open()).code)
    end)

    it("with a stamp that tells whether it has changed, unless it was changed just now", function()
      local path = made "settings"
      assert.is_nil(image.inspect(path).stamp)
      local old = source.file "LICENSE"
      assert.equal("string", type(old:stamp()))
      assert.equal(old:stamp(), old:stamp())
      assert.is_nil(source.bytes("of a pipe"):stamp())
      old:close()
      assert.is_nil(old:stamp())
    end)

    it("and shows in the report whether its source is open", function()
      local report = image.inspect(made "settings")
      assert.is_nil(report.opened)
      assert.is_true(report:prepare())
      local opened = report.opened
      assert.is_true(report:prepare())
      assert.equal(opened, report:open())
      assert.is_nil(report.opened)
      opened:close()
      assert.is_true(report:prepare())
      report:release()
      assert.is_nil(report.opened)
    end)

    it("and withholds the end when the second pass differs", function()
      local path = made "settings"
      local report = image.inspect(path)
      local sending = assert(report:open())
      local file = assert(io.open(path, "r+b"))
      file:seek("set", 20000)
      file:write "changed"
      file:close()
      local got, problem = read_all(sending)
      assert.equal("source.rejected", problem.code)
      assert.is_true(#got < 23855)
      sending:close()
    end)
  end)

  describe("from standard input", function()
    -- Runs a chunk with an image piped into it; returns its output.
    local function with_pipe(bytes, chunk)
      local result = support.run(support.lua(chunk), { input = bytes })
      assert.equal("", result.stderr)
      return result.stdout
    end

    it("is inspected whole", function()
      assert.equal("true true settings GENERIC 23855\n", with_pipe(build.bytes(packages.settings()), [[
        local files = require "tests.unit.image_files"
local image = require "moonflash.image"
        local report = image.inspect "-"
        print(report.ok, report.complete, report.kind, report.carrier, report.bytes)
      ]]):gsub("\t", " "), nil)
    end)

    local send = [[
      local files = require "tests.unit.image_files"
local image = require "moonflash.image"
      local crc = require "moonflash.core.crc"
      local report = image.inspect("-", { to_send = true })
      local sending = report:open()
      local bytes, problem, piece = sending.head, nil, nil
      repeat
        piece, problem = sending.reader:read(5000)
        bytes = bytes .. (piece or "")
      until not piece
      print(report.kind, report.bytes, report.complete, #bytes, crc.crc32(bytes), problem and problem.code)
      local again, once = report:open()
      print(again and "again" or once.code)
      sending:close()
    ]]

    it("is only looked at when it will be sent, and verified on the way", function()
      local bytes = build.bytes(packages.firmware { size = LARGE })
      assert.equal(table.concat({ "firmware", LARGE, "false", LARGE, crc.crc32(bytes),
        "nil\nsource.read_once\n" }, "\t"), with_pipe(bytes, send))
    end)

    it("is held in memory when it is small, and can be sent again", function()
      local bytes = build.bytes(packages.settings())
      assert.equal(table.concat({ "settings", #bytes, "true", #bytes, crc.crc32(bytes), "nil\nagain\n" },
        "\t"), with_pipe(bytes, send))
    end)

    it("keeps its end to itself when it is not good", function()
      local bytes = build.bytes(packages.firmware { size = LARGE })
      local out = with_pipe(bytes:sub(1, -2) .. "\0", send)
      local given, code = out:match "^firmware\t300000\tfalse\t(%d+)\t%d+\t([%w.]+)"
      assert.is_true(tonumber(given) < LARGE)
      assert.equal("source.rejected", code)
    end)
  end)
end)
