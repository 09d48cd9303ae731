--- The answer to one AT command, out of bytes in any split. Knows no port and no clock.
--
--     local answer = reader.new "AT!SKU?"
--     answer:feed "AT!SKU?\r\r\n1102"     --> false: there is more to come
--     answer:feed "476\r\n\r\nOK\r\n"      --> true
--     answer.lines                         --> { "1102476" }
--     answer.final, answer.verdict         --> "OK", "done"
--
-- What is kept is bounded, whatever comes.
-- @module moonflash.protocol.at_reader

local reader = {}
reader.__index = reader

local LONGEST_LINE = 1024
local MOST_LINES = 1000

-- Lines that end an answer, and what they mean. The last is Sierra's own: forum 7251, MC7304.
local finals = {
  { "^OK$", "done" },
  { "^ERROR$", "error" },
  { "^%+CM[ES] ERROR:", "cme_error" },
  { "^NOT IMPLEMENTED$", "not_implemented" },
}

-- Lines a modem says unasked. One whose name stands in the command is an answer all the same.
local unsolicited = {
  "^RING$", "^%+CRING:", "^%+CLIP:", "^%+CREG:", "^%+CGREG:", "^%+CEREG:", "^%+CMTI:", "^%+CDSI:",
  "^%+CUSD:", "^%+CGEV:", "^%+CTZV:", "^%$QCRMCALL:", "^%*PSUTTZ:",
}

-- What other ports say: bytes that are no text, and the sentences of a satellite receiver.
local foreign = { "[%z\1-\8\11\12\14-\31\127]", "%$%u%u%u%u%u," }

--- Begins to read the answer to a command.
-- @tparam string command as it is sent, without the line end
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

-- The echo may hang on the rest of what was said before; all that is no part of the answer.
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
    if line:find(row[1]) then
      self.final, self.verdict = line, row[2]
      return
    end
  end
  keep(self.lines, line)
end

local function cleaned(line)
  return (line:gsub("%c+", " "):gsub("^%s+", ""):gsub("%s+$", ""))
end

--- Takes what came. Bytes after the end of the answer are not looked at.
-- @tparam string bytes
-- @treturn boolean whether the answer is complete
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

--- Whether what came is not what an AT port says.
function reader:is_foreign()
  for _, pattern in ipairs(foreign) do
    if self.head:find(pattern) then return true end
  end
  return false
end

return reader
