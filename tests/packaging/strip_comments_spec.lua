-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- strip_comments.sh: the library without its comments is the same program.
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local folder

local function strip()
  local run = support.run { "sh", "packaging/strip_comments.sh", folder }
  assert.same({ status = 0, stdout = "", stderr = "" }, run)
end

-- All Lua files below a folder, as seen from there.
local function files_below(top, found, at)
  for _, name in ipairs(sys.list(top .. at)) do
    local path = at .. "/" .. name
    if sys.stat(top .. path).kind == "folder" then files_below(top, found, path)
    elseif name:find "%.lua$" then found[#found + 1] = path end
  end
  return found
end

local function compiled(path)
  return string.dump(assert(loadstring(support.contents(path), "@file.lua")))
end

describe("strip_comments.sh", function()
  before_each(function() folder = support.folder() end)
  after_each(support.finish)

  local function stripped(text)
    assert(sys.write_file(folder .. "/x.lua", text))
    strip()
    return support.contents(folder .. "/x.lua")
  end

  it("empties lines that are a comment", function()
    assert.equal("\nlocal a = 1 -- kept\n\n\nreturn a\n",
      stripped "-- head\nlocal a = 1 -- kept\n  --- inner\n\t--\nreturn a\n")
  end)

  it("does not touch what only looks like a comment", function()
    for _, text in ipairs {
      'return [[\n-- text\n]]\n',
      'return [==[\n-- ]]\n-- text ]=]\n]==]\n',
      '--[[ long\n-- inside\n]] return 1\n',
      '--[=[ long ]]\n-- inside\n]=]\nreturn 1\n',
      'return "a\\\n-- text"\n',
      "return 'a\\'\\\n-- \"text'\n",
      'local a = { {} }\nreturn a[a[1]], [[\n--]]\n',
      'return 1 - -1, "--", "[[", \'"\'\n',
    } do
      assert.equal(text, stripped(text))
    end
  end)

  it("finds the comment after a line of code", function()
    for _, code in ipairs {
      'a = "[["', "a = '\"'", 'a = "\\"--[["', "a = [[\n]] --[[ ]]", "--[[ ]]", "a = 1 -- ]] [[ '",
    } do
      assert.equal(code .. "\n\nb = 2\n", stripped(code .. "\n-- comment\nb = 2\n"))
    end
  end)

  it("leaves the library the same to the last instruction and line number", function()
    local copied = support.run { "cp", "-R", "lua/moonflash", folder }
    assert.equal(0, copied.status, copied.stderr)
    strip()
    local files, before, after = files_below("lua/moonflash", {}, ""), 0, 0
    assert.is_true(#files > 100)
    for _, path in ipairs(files) do
      local original, new = "lua/moonflash" .. path, folder .. "/moonflash" .. path
      assert.is_true(compiled(original) == compiled(new), path)
      before, after = before + sys.stat(original).size, after + sys.stat(new).size
    end
    assert.is_true(after < before * 0.8)
  end)

  it("leaves nothing else in the folder, and the mode of a file", function()
    stripped "-- a\n"
    sys.write_file(folder .. "/text.md", "-- a\n")
    local mode = sys.stat(folder .. "/x.lua").mode
    strip()
    assert.same({ "text.md", "x.lua" }, sys.list(folder))
    assert.equal(mode, sys.stat(folder .. "/x.lua").mode)
    assert.equal("-- a\n", support.contents(folder .. "/text.md"))
  end)
end)
