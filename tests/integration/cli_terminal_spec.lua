-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The output that does not wait for its reader.
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local terminal = require "moonflash.cli.terminal"

local reader, writer, out

-- Lua's file of this test's own output: only its buffering is touched.
local file = { setvbuf = function() end }

before_each(function()
  reader, writer = sys.pipe()
  out = terminal.open(file, writer)
end)

after_each(function()
  sys.close(writer)
  if reader then sys.close(reader) end
  support.finish()
end)

local function fill()
  local piece, count = ("x"):rep(4096), 0
  while true do
    local taken = sys.write(writer, piece)
    if not taken then return count end
    count = count + taken
  end
end

local function read(count)
  local text = ""
  while #text < count do text = text .. assert(sys.read(reader, count - #text)) end
  return text
end

describe("cli.terminal", function()
  it("writes at once what is read at once", function()
    out:write "a"
    out:offer "b"
    assert.equal("ab", read(2))
  end)

  it("keeps what is not read yet, in order, and drops what was only offered", function()
    local filled = fill()
    out:write "a\n"
    out:offer "progress\n"
    out:write "b\n"
    read(filled)
    out:offer "c\n"
    assert.equal("a\nb\nc\n", read(6))
  end)

  it("writes long texts in pieces that a pipe takes", function()
    local long = ("0123456789"):rep(20000)
    out:write(long)
    local text = read(60000)
    while #text < #long do
      out:write ""
      text = text .. assert(sys.read(reader, #long))
    end
    assert.equal(long, text)
  end)

  it("waits at the end for a reader that reads on", function()
    local filled = fill()
    out:write "last\n"
    local child = sys.spawn({ "head", "-c", tostring(filled + 5) }, { stdin = reader, stdout = false })
    out:finish()
    assert.equal(0, sys.wait(child, 10000))
    assert.equal("", out.pending)
  end)

  it("forgets what can no longer be written", function()
    fill()
    out:write "a"
    sys.close(reader)
    reader = nil
    out:finish()
    out:write "b"
    assert.equal("", out.pending)
  end)

  it("rewrites lines and has colours only on a terminal", function()
    assert.is_false(out.rewrites)
    out:line("careful", "warning")
    assert.equal("careful\n", read(8))
  end)

  it("keeps control characters from the terminal", function()
    out:line "a\27[31mb\0\tc\127\nd\194\155m\195\155"
    assert.equal("a\\x1b[31mb\\x00\tc\\x7f\nd\\x9bm\195\155\n", read(30))
  end)
end)
