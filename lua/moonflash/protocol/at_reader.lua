-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Parses the answer to one AT command from bytes in any split. It uses no port and no clock.
--
--     local answer = reader.new "AT!SKU?"
--     answer:feed "AT!SKU?\r\r\n1102"     --> false: incomplete
--     answer:feed "476\r\n\r\nOK\r\n"      --> true
--     answer.lines                         --> { "1102476" }
--     answer.final, answer.verdict         --> "OK", "done"
--
-- Its memory is bounded for any input.

local reader = {}
reader.__index = reader

local LONGEST_LINE = 1024
local MOST_LINES = 1000

-- Lines that end an answer, and their meaning. The last two are Sierra's own, in any letter case: forum 7251, MC7304.
local finals = {
  { "^OK$", "done" },
  { "^ERROR$", "error" },
  { "^%+CM[ES] ERROR:", "cme_error" },
  { "^NOT IMPLEMENTED$", "not_implemented", any_case = true },
  { "^![%w_]+%s*:%s*NOT IMPLEMENTED$", "not_implemented", any_case = true },
}

-- Unsolicited lines. A line whose name occurs in the command is an answer.
local unsolicited = {
  "^RING$", "^%+CRING:", "^%+CLIP:", "^%+CREG:", "^%+CGREG:", "^%+CEREG:", "^%+CMTI:", "^%+CDSI:",
  "^%+CUSD:", "^%+CGEV:", "^%+CTZV:", "^%$QCRMCALL:", "^%*PSUTTZ:",
}

-- Output of other ports: bytes that are no text, and the sentences of a satellite receiver.
local not_at = { "[%z\1-\8\11\12\14-\31\127]", "%$%u%u%u%u%u," }

--- A reader for the answer to a command, which is without the line end.
function reader.new(command)
  return setmetatable({ command = command, rest = "", head = "", lines = {}, unsolicited = {} }, reader)
end

local function is_unsolicited(self, line)
  local name = line:match "^%p?(%u+)"
  if not name or self.command:upper():find(name, 1, true) then return false end
  for _, pattern in ipairs(unsolicited) do
    if line:find(pattern) then return true end
  end
  return false
end

-- The echo may follow the rest of an earlier line. Nothing up to it belongs to the answer.
local function is_echo(self, line)
  return not self.echoed and line:sub(-#self.command) == self.command
end

local function keep(list, line)
  if #list < MOST_LINES then list[#list + 1] = line end
end

local function take_line(self, line)
  if line == "" then return end
  if is_echo(self, line) then
    self.echoed, self.lines = true, {}
    return
  end
  if is_unsolicited(self, line) then return keep(self.unsolicited, line) end
  for _, row in ipairs(finals) do
    if (row.any_case and line:upper() or line):find(row[1]) then
      self.final, self.verdict = line, row[2]
      return
    end
  end
  keep(self.lines, line)
end

local function cleaned(line)
  return (line:gsub("%c+", " "):gsub("^%s+", ""):gsub("%s+$", ""))
end

--- Takes received bytes. Bytes after the end of the answer are ignored. Returns whether it is complete.
function reader:feed(bytes)
  if #self.head < 64 then self.head = (self.head .. bytes):sub(1, 64) end
  local text, at = self.rest .. bytes, 1
  while not self.final do
    local stop = text:find("[\r\n]", at)
    if not stop then break end
    take_line(self, cleaned(text:sub(at, stop - 1):sub(-LONGEST_LINE)))
    at = stop + 1
  end
  self.rest = text:sub(at):sub(-LONGEST_LINE)
  return self.final ~= nil
end

--- Whether the first bytes cannot be the output of an AT port.
function reader:is_not_at()
  for _, pattern in ipairs(not_at) do
    if self.head:find(pattern) then return true end
  end
  return false
end

return reader
