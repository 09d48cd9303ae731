-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- docs/update.svg is what the program prints today: its end is compared with that of a new recording.
local screen = require "tests.recording.screen"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

-- The texts of the end of a recording; numbers are left out, because rates and times differ.
local function texts_of(picture)
  local texts = {}
  for attributes, text in picture:gmatch "<text ([^>]*)>([^<]*)</text>" do
    text = text:gsub("%d[%d.]*", "0"):gsub("0 min 0 s", "0 s"):gsub("0 min", "0 s")
    if not attributes:find "gone" then texts[#texts + 1] = text end
  end
  return table.concat(texts, "\n")
end

describe("docs/update.svg", function()
  after_each(support.finish)

  it("is a recording of this program (else: sh tests/recording.sh)", function()
    local picture = support.folder() .. "/new.svg"
    local run = support.run({ "sh", "tests/recording.sh", picture }, { deadline_ms = 120000,
      environment = { TIME_SCALE = "0.02", BUILD = sys.real_path(support.program):match "^(.*)/" } })
    assert.equal(0, run.status, run.stderr)
    local new = texts_of(support.contents(picture))
    assert.matches("done", new)
    assert.equal(new, texts_of(support.contents "docs/update.svg"))
  end)
end)

describe("the screen of a recording", function()
  local function rows(...)
    local terminal, lines = screen.new(), {}
    for _, bytes in ipairs { ... } do terminal:write(bytes) end
    for index = 1, #terminal.rows do
      local runs = terminal:runs(index)
      for at, run in ipairs(runs) do runs[at] = run[2] == "" and run[1] or ("%s(%s)"):format(run[2], run[1]) end
      lines[index] = table.concat(runs)
    end
    return lines
  end

  it("rewrites lines, and keeps styles and characters whole in any split", function()
    assert.same({ "two" }, rows("one and more", "\r\27[Ktwo"))
    assert.same({ "a", "xc" }, rows("a\r\nbc\rx"))
    assert.same({ "up", "b" }, rows("a\r\nb\r\27[Aup"))
    assert.same({ "red(bad) good" }, rows("\27[3", "1mbad\27[0m good  "))
    assert.same({ "bold red(é)" }, rows("\27[1;31m\195", "\169"))
  end)
end)
