-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Runs commands in a pseudo terminal, one after the other, and writes what is seen as a picture that moves:
--   lua5.1 tests/recording/main.lua PICTURE COMMAND...        (tests/recording.sh)

local screen = require "tests.recording.screen"
local svg = require "tests.recording.svg"
local sys = require "moonflash.core.sys"

local COLUMNS, ROWS = 92, 50
local FRAME = 0.2                    -- seconds: a change that comes sooner is part of the frame before
local WORD, PAUSE, HOLD = 0.25, 0.6, 6 -- seconds: a typed word, after a command, the end
local LONGEST_MS = 120000

local terminal = screen.new()
local now, frames = 0, {}           -- seconds of the recording; { at, rows }

local function remember()
  local rows = {}
  for index = 1, #terminal.rows do rows[index] = terminal:runs(index) end
  local last = frames[#frames]
  if last and now - last.at < FRAME then last.rows = rows else frames[#frames + 1] = { at = now, rows = rows } end
end

local function prompt()
  terminal.style = "prompt"
  terminal:write "$ "
  terminal.style = "typed"
end

local function type_words(command)
  if now > 0 then terminal:write "\r\n" end
  prompt()
  remember()
  now = now + PAUSE
  for word in command:gmatch "%S+%s*" do
    terminal:write(word)
    remember()
    now = now + WORD
  end
  terminal.style = ""
  terminal:write "\r\n"
end

-- Runs a command with the terminal as its input and output; the terminal's settings are those of a login.
local function run(command)
  local master, path = sys.pty()
  local slave = assert(sys.open(path, "rw"))
  local setup = ("stty sane cols %d rows %d && exec %s"):format(COLUMNS, ROWS, command)
  local pid = assert(sys.spawn({ "sh", "-c", setup }, { stdin = slave, stdout = slave, stderr = slave }))
  local began = sys.clock_ms()
  local status
  repeat
    status = sys.wait(pid, 0)
    while #assert(sys.poll({ { fd = master, read = true } }, status and 0 or 20)) > 0 do
      terminal:write(assert(sys.read(master, 65536)))
      local at = now
      now = at + (sys.clock_ms() - began) / 1000
      remember()
      now = at
    end
    assert(sys.clock_ms() - began < LONGEST_MS, command .. " does not end")
  until status
  sys.close(slave)
  sys.close(master)
  assert(status == 0, ("%s: exit status %d"):format(command, status))
  now = now + (sys.clock_ms() - began) / 1000
  remember()
  now = now + PAUSE
end

local function same(left, right)
  if not left or not right or #left ~= #right then return left == right end
  for index, run_ in ipairs(left) do
    if run_[1] ~= right[index][1] or run_[2] ~= right[index][2] then return false end
  end
  return true
end

-- Each content of a row, with the time it is there.
local function spans()
  local list, open = {}, {}
  for _, frame in ipairs(frames) do
    for row = 1, math.max(#frame.rows, #open) do
      local runs = frame.rows[row] or {}
      if not same(open[row] and open[row].runs, runs) then
        if open[row] then open[row].to = frame.at end
        open[row] = { row = row, runs = runs, from = frame.at }
        list[#list + 1] = open[row]
      end
    end
  end
  local seen = {}
  for _, span in ipairs(list) do
    if span.runs[1] then seen[#seen + 1] = span end
  end
  return seen
end

local picture = assert(arg[1], "no picture named")
for index = 2, #arg do
  type_words(arg[index])
  run(arg[index])
end
terminal:write "\r\n"
prompt()
remember()
assert(sys.write_file(picture, svg.picture {
  title = "moonflash, simulated MC7455", columns = COLUMNS, seconds = now + HOLD, spans = spans(),
  cursor = { row = terminal.row, column = terminal.column, from = now },
}))
