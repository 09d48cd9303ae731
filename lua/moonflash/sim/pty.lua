-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The modem's end of a pseudo terminal.

local sys = require "moonflash.core.sys"

local port = {}
port.__index = port

local read_size = 65536 -- more than the kernel returns at once

local function readable(self)
  local bytes, failure = sys.read(self.fd, read_size)
  if bytes then return self.receive(bytes) end
  if failure.code ~= "sys.again" then self:close() end
end

local function writable(self)
  self.waiting = self.waiting:sub((sys.write(self.fd, self.waiting) or 0) + 1)
  self.entry.write = self.waiting ~= ""
end

--- Opens a pseudo terminal, named in the log (ttyUSB0, cdc-wdm0). Returns a port with `slave`, the path for other
-- programs; or nil and a failure.
function port.open(loop, name)
  local fd, slave = sys.pty()
  if not fd then return nil, slave end
  local self = setmetatable({ loop = loop, name = name, fd = fd, slave = slave, waiting = "" }, port)
  self.receive = function() end
  self.entry = loop:watch(fd, function() readable(self) end, function() writable(self) end)
  return self
end

--- Sends bytes as soon as there is room; nothing after the port was closed.
function port:send(bytes)
  if self.closed or bytes == "" then return end
  if self.behind then
    self.behind[#self.behind + 1] = bytes
    return
  end
  self.waiting = self.waiting .. bytes
  writable(self)
end

--- Sends bytes some ms later, and after them all bytes sent meanwhile.
function port:send_late(bytes, ms)
  if self.behind then return self:send(bytes) end
  self.behind = { bytes }
  self.loop:after(ms, function()
    local list = self.behind
    self.behind = nil
    for _, late in ipairs(list) do self:send(late) end
  end)
end

--- Stops reading, as a modem that hangs: a program that writes will block.
function port:stop_reading()
  self.entry.read = false
end

--- Hangs up.
function port:close()
  if self.closed then return end
  self.closed = true
  self.loop:unwatch(self.entry)
  sys.close(self.fd)
end

return port
