-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A 9x50 loader for tests of the download session: Sahara, then Firehose, from the bytes of the protocol's
-- description (reference: firehose 4 to 9). `changes` is Lua code that returns a table: what it does otherwise.
-- Runs in a process of its own:
--
--     local peer = support.start(support.lua([[require("tests.fakes.firehose_loader").serve(...)]], image_copy,
--                                            'return { confirmed = "refused" }'))
--     local path = peer:line()      -- its port; then a line for every message that came
-- @module tests.fakes.firehose_loader

local bytes = require "moonflash.core.bytes"
local sys = require "moonflash.core.sys"

local loader = {}
loader.__index = loader

local DEADLINE_MS = 20000
local SECTOR = 4096
local ZEROS = ("\0"):rep(512)

local function document(content)
  return '<?xml version="1.0" encoding="UTF-8" ?>\n<data>\n' .. content .. "\n</data>"
end

local function response(attributes)
  return document("<response value=" .. attributes .. " />")
end

local function log(text)
  return document('<log value="' .. text .. '"/>')
end

local OLD_ZEROS = log "ERROR: XML not formed correctly. Expected a &lt; character at loc 0"

-- What it says, by name; `changes` replaces some.
local says = {
  hello = bytes.from_hex "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 02 00 00 00" .. ("\0"):rep(24),
  ready = bytes.from_hex "0b 00 00 00 08 00 00 00",
  executed = bytes.from_hex "0e 00 00 00 10 00 00 00 00 ff 00 00 09 00 00 00",
  confirmed = "confirmed",
  unsupported = bytes.from_hex "04 00 00 00 10 00 00 00 00 00 00 00 1f 00 00 00",
  NOP = log "SWI supported functions: CWE" .. response '"ACK"',
  configure = response('"NAK" MemoryName="NAND" MaxPayloadSizeFromTargetInBytes="2048" '
    .. 'MaxPayloadSizeToTargetInBytes="8192" MaxPayloadSizeToTargetInBytesSupported="8192" TargetName="9x55"'),
  getStorageInfo = log "SECTOR_SIZE_IN_BYTES = 4096" .. log "PAGES_IN_BLOCK = 64" .. response '"ACK"',
  program = response '"ACK" rawmode="true"',
  done = response '"ACK" rawmode="false"',
  refused = response '"NAK" rawmode="false"',
  power = log " Requested POWER_RESET" .. response '"ACK"',
  zeros = OLD_ZEROS .. response '"NAK"',
}
loader.response, loader.log = response, log

local function report(...)
  io.write(table.concat({ ... }, " "), "\n")
  io.flush()
end

function loader:wait(direction)
  local ready = assert(sys.poll({ { fd = self.master, [direction] = true } }, DEADLINE_MS))
  assert(ready[1], "nothing came")
end

function loader:give(data)
  while data ~= "" do
    local count = sys.write(self.master, data)
    if count then data = data:sub(count + 1) else self:wait "write" end
  end
end

-- Says something by its name: in one piece, or byte by byte.
function loader:say(name)
  local data = self.changes[name] or says[name]
  if not self.changes.split then return self:give(data) end
  for at = 1, #data do
    self:give(data:sub(at, at))
    sys.sleep_ms(1)
  end
end

function loader:fill()
  local got, failure = sys.read(self.master, 65536)
  if got then
    self.received = self.received .. got
  else
    assert(failure.code == "sys.again", tostring(failure))
    self:wait "read"
  end
end

function loader:take(count)
  while #self.received < count do self:fill() end
  local taken = self.received:sub(1, count)
  self.received = self.received:sub(count + 1)
  return taken
end

-- --- Sahara --------------------------------------------------------------------------------------

-- The length of a message, which must be this command, and its body.
function loader:take_message(command)
  local header = self:take(8)
  assert(bytes.get_u32le(header, 1) == command, "another message came")
  local length = bytes.get_u32le(header, 5)
  return ("%.0f"):format(length), self:take(length - 8)
end

function loader:take_reset()
  report("reset", (self:take_message(0x07)))
  self:give(bytes.from_hex "08 00 00 00 08 00 00 00")
end

function loader:switch()
  self:say "hello"
  local length, body = self:take_message(0x02)
  report("response", length, bytes.hex(body:sub(1, 16)))
  if self.changes.poisoned then
    self:say "unsupported"
    return self:take_reset()
  end
  self:say "ready"
  report("execute", (self:take_message(0x0d)))
  self:say "executed"
  report("fetch", (self:take_message(0x0f)))
  self:say "confirmed"
  return true
end

-- --- Firehose ------------------------------------------------------------------------------------

-- The next document, or "zeros". The zeros are no document.
function loader:take_document()
  while true do
    if self.received:sub(1, #ZEROS) == ZEROS then
      self:take(#ZEROS)
      return "zeros"
    end
    local ending = select(2, self.received:find("</data>\n\n", 1, true))
    if ending then return self:take(ending) end
    self:fill()
  end
end

function loader:take_image(text)
  local sectors = tonumber(text:match 'num_partition_sectors="(%d+)"')
  local data = self:take(self.changes.takes or sectors * SECTOR)
  assert(sys.write_file(self.copy, data))
  report("image", ("%d"):format(#data))
  if self.changes.takes then return self:say "refused" end
  self:say "done"
end

function loader:obey()
  local text = self:take_document()
  local name = text:match "<data>\n<(%w+) " or text
  report(name, ("%d"):format(#text))
  if name == "power" and self.changes.vanishes then os.exit(0) end
  if name == "program" and self.changes.programs then
    self.changes.program = table.remove(self.changes.programs, 1) or nil
  end
  self:say(name)
  local accepted = name == "program" and (self.changes.program or says.program):find 'rawmode="true"'
  if accepted then self:take_image(text) end
  return name ~= "power"
end

--- Serves one session. `copy`: the file that gets the data of an image.
function loader.serve(copy, changes)
  local master, slave = assert(sys.pty())
  local self = setmetatable({ master = master, copy = copy, received = "", changes = {} }, loader)
  if changes then self.changes = assert((loadstring or load)(changes))(loader) end
  report(slave)
  local switched = self.changes.in_firehose or self.changes.waits_for
  if self.changes.waits_for then
    self:take(self.changes.waits_for)
    self:say "refused"
  end
  if self.changes.late then self:say "late" end
  if self.changes.lost_hello then
    report("NOP", ("%d"):format(#self:take_document()))
    self:say "hello"
    return self:take_reset()
  end
  switched = switched or self:switch()
  repeat until not switched or not self:obey()
  self:wait "read" -- the host closes the port, or the test ends this process
end

return loader
