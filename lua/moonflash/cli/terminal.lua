-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Standard output and standard error: lines, and on a terminal a last line that is rewritten in place. A slow
-- reader does not delay a job: what it has not taken yet is kept in order, and only the end of the program waits
-- for it, within limits. A failed write never stops a job.

local bytes = require "moonflash.core.bytes"
local sys = require "moonflash.core.sys"

local terminal = {}
terminal.__index = terminal

local PIECE = 4096 -- bytes that a pipe with room takes without blocking (PIPE_BUF)
local PATIENCE_MS = 10000
local ERASE = "\r\27[K"
local COLOURS = { error = "\27[1;31m", warning = "\27[33m" }

--- Opens an output: a file of Lua's io library and its descriptor. Scripts may print to the file, too, so it must keep
-- lines whole. Fields: rewrites = lines can be rewritten in place; failed = the failure of the first write that failed.
function terminal.open(file, descriptor)
  file:setvbuf "line"
  local rewrites = sys.terminal_width(descriptor) ~= nil and os.getenv "TERM" ~= "dumb"
  return setmetatable({
    descriptor = descriptor, pending = "", rewrites = rewrites,
    coloured = rewrites and (os.getenv "NO_COLOR" or "") == "",
  }, terminal)
end

local function flush(self)
  while self.pending ~= "" do
    local count, problem = sys.write(self.descriptor, self.pending:sub(1, PIECE))
    if not count then
      if problem.code ~= "sys.again" then self.pending, self.failed = "", problem end
      return
    end
    self.pending = self.pending:sub(count + 1)
  end
end

--- Writes a text, now or later, after those before it.
function terminal:write(text)
  if self.failed then return end
  self.pending = self.pending .. text
  flush(self)
end

--- Writes a text now, or drops it when the reader is behind.
function terminal:offer(text)
  flush(self)
  if self.pending == "" then self:write(text) end
end

--- Removes the line that is rewritten in place, if there is one.
function terminal:clear()
  if self.transient then
    self.transient = nil
    self:write(ERASE)
  end
end

local function escape(character)
  return "\\x" .. bytes.hex_number(character:byte(), 2)
end

--- A text with its control characters escaped, `\x1b`, also those of UTF-8 (U+0080 to U+009F): file names and modems
-- cannot control the terminal. Tabs and line ends stay.
function terminal.printable(text)
  return (text:gsub("[%z\1-\8\11-\31\127]", escape):gsub("\194([\128-\159])", escape))
end

--- Writes a line, which may have line ends in it, in printable form; colour: nil, "error" or "warning".
function terminal:line(line, colour)
  self:clear()
  line = terminal.printable(line)
  if colour and self.coloured then line = COLOURS[colour] .. line .. "\27[0m" end
  self:write(line .. "\n")
end

--- Columns of a rewritten line. Asked anew for each, because terminals change their size.
function terminal:width()
  return math.max((sys.terminal_width(self.descriptor) or 80) - 1, 1)
end

--- Writes the line that the next one replaces. Only where `rewrites` is true.
function terminal:rewrite(line)
  self:offer(ERASE .. line:sub(1, self:width()))
  self.transient = true
end

--- Waits until all of it is read, as long as the reader takes something within 10 s. A signal ends the wait.
function terminal:finish()
  sys.clear_interrupt()
  flush(self)
  while self.pending ~= "" do
    local ready = sys.poll({ { fd = self.descriptor, write = true } }, PATIENCE_MS)
    if not ready or #ready == 0 then return end
    flush(self)
  end
end

return terminal
