-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Members of zip archives, from a file, from memory and from a pipe in any split.
local loaded, archive = pcall(require, "moonflash.core.archive")
if not loaded then return end

local content = require "tests.images.content"
local cwe = require "moonflash.core.cwe"
local source = require "moonflash.core.source"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local zip = require "tests.images.zip"

-- "hello hello hello\n" in a raw deflate stream, made by zlib.
local HELLO, PACKED = "hello hello hello\n", "\203\72\205\201\201\87\200\64\144\92\0"

local HEADER = 30 + #"a" -- before the data of a member called a

describe("a zip archive", function()
  before_each(support.watch)

  after_each(function()
    collectgarbage()
    support.finish()
  end)

  local function read_all(reader, most)
    local pieces = {}
    while true do
      local piece, problem = reader:read(most or 7000, 1000)
      if not piece then return table.concat(pieces), problem end
      pieces[#pieces + 1] = piece
    end
  end

  local function in_memory(...)
    return archive.open(source.bytes(zip.bytes(...)))
  end

  -- { { name, size, bytes }, ... }
  local function contents(opened)
    local list = {}
    while true do
      local name, size = opened:next()
      if not name then return list, size end
      list[#list + 1] = { name, size or "?", (read_all(opened)) }
    end
  end

  it("gives its files one after the other, whatever way they are stored", function()
    local large = content.bytes(200000, 1)
    local members = { { "a.cwe", large }, { "folder/", "" }, { "folder/b.nvu", "short", deflated = true },
      { "c", large, deflated = true, size_after = true }, { "empty", "" } }
    assert.same({ { "a.cwe", 200000, large }, { "folder/b.nvu", 5, "short" }, { "c", "?", large },
      { "empty", 0, "" } }, contents(in_memory(members)))
  end)

  it("inflates what zlib deflated", function()
    local opened = in_memory { { "hello", HELLO, packed = PACKED } }
    assert.equal("hello", opened:next())
    assert.equal(HELLO, read_all(opened))
  end)

  it("is passed over where it is not read", function()
    local opened = in_memory { { "a", content.bytes(100000, 2) }, { "b", "bee", deflated = true } }
    assert.equal("a", opened:next())
    assert.equal(100, #opened:read(100))
    assert.equal("b", opened:next())
    assert.equal("bee", read_all(opened))
    assert.is_nil(opened:next())
    assert.is_nil(opened:next())
  end)

  it("can go back to the first byte of a member when it can itself", function()
    local opened = in_memory { { "a", "first" }, { "b", "second", deflated = true } }
    opened:next()
    opened:next()
    for _ = 1, 3 do
      assert.equal("second", read_all(opened))
      assert.is_true(opened:rewind())
    end
    assert.equal("bytes in memory:b", tostring(opened))
  end)

  it("has names that no terminal obeys", function()
    assert.equal("?[31mred?", (in_memory { { "\27[31mred\127", "" } }:next()))
    assert.equal(255, #in_memory { { ("x"):rep(300), "" } }:next())
  end)

  local function failure_of(bytes)
    local opened = archive.open(source.bytes(bytes))
    local name, problem = opened:next()
    if name then
      local _, unread = read_all(opened)
      problem = unread
    end
    assert.equal("source.failed", problem.code)
    return problem.evidence
  end

  it("says what is wrong with it", function()
    local whole = zip.bytes { { "a", content.bytes(5000, 1), deflated = true } }
    assert.matches("decompression failed", failure_of(whole:sub(1, 3000)))
    assert.matches("Truncated", failure_of(whole:sub(1, 20)))
    assert.matches("format", failure_of "this is no zip archive, but long enough to be looked at")
    assert.matches("CRC", failure_of(zip.bytes { { "a", "wrong sum", crc = 1 } }))
    assert.matches("deflate", failure_of(zip.bytes { { "a", "packed", method = 12 } }))
    assert.matches("encrypted", failure_of(zip.bytes { { "a", ("secret"):rep(9), flags = 1 } }))
    local short = zip.bytes { { "a", "hello" } }
    local evidence = failure_of(short:sub(1, 22) .. "\6" .. short:sub(24)) -- its size after inflating
    assert.matches("wrong size", evidence)
    assert.not_matches("%c", evidence)
  end)

  it("never harms when bytes of it are changed", function()
    local whole = zip.bytes { { "a", "some text", deflated = true },
      { "b", "more", deflated = true, size_after = true } }
    for at = 1, #whole do
      for _, byte in ipairs { 0, 255, (whole:byte(at) + 1) % 256 } do
        contents(archive.open(source.bytes(whole:sub(1, at - 1) .. string.char(byte) .. whole:sub(at + 1))))
      end
    end
  end)

  it("comes through a pipe in any split, and a silence does no harm", function()
    local whole = zip.bytes { { "a", "some text", deflated = true }, { "b", "stored" } }
    for _, step in ipairs { 1, 13, #whole } do
      local out, into = sys.pipe()
      local reader = source.descriptor(out)
      sys.close(out)
      local opened = archive.open(reader, 20)
      local pieces, at = {}, HEADER
      sys.write(into, whole:sub(1, at))
      assert.equal("a", opened:next())
      local piece, problem
      repeat
        piece, problem = opened:read(100, 0)
        pieces[#pieces + 1] = piece
        if problem then
          assert.equal("source.timeout", problem.code)
          sys.write(into, whole:sub(at + 1, at + step))
          at = at + step
        end
      until not piece and not problem
      assert.equal("some text", table.concat(pieces))
      sys.write(into, whole:sub(at + 1))
      sys.close(into)
      assert.equal("b", opened:next())
      assert.equal("stored", read_all(opened))
      assert.is_false(opened:rewind())
      opened:close()
    end
  end)

  it("passes on what its reader could not do", function()
    local opened = archive.open(source.fetch { "sh", "-c", "echo no network >&2; exit 7" })
    local _, problem = opened:next()
    assert.equal("source.failed", problem.code)
    assert.equal("no network", problem.evidence)
    opened:close()
  end)

  it("that is closed fails, and may be closed again", function()
    local opened = in_memory { { "a", "text" } }
    opened:next()
    opened:close()
    opened:close()
    assert.equal("source.failed", select(2, opened:read(1)).code)
    assert.equal("source.failed", select(2, opened:next()).code)
    assert.equal("source.failed", support.code_of(opened:rewind()))
  end)

  it("that is closed fails through the readers around it, too", function()
    local opened = in_memory { { "a", "text" } }
    opened:next()
    local readers = { cwe.verified(opened), archive.open(opened) }
    opened:close()
    for _, reader in ipairs(readers) do
      assert.equal("source.failed", support.code_of(reader:rewind()))
    end
  end)
end)
