-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The modem's end of a pseudo terminal.

local port = require "moonflash.sim.port"
local sys = require "moonflash.core.sys"

local pty = {}

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

local function way_of(self)
  return {
    write = function(bytes)
      self.waiting = self.waiting .. bytes
      writable(self)
    end,
    stop_reading = function() self.entry.read = false end,
    close = function()
      self.loop:unwatch(self.entry)
      sys.close(self.fd)
    end,
  }
end

--- Opens a pseudo terminal. Returns a port with `slave`, the path for other programs; or nil and a failure.
function pty.open(loop, name)
  local fd, slave = sys.pty()
  if not fd then return nil, slave end
  local self = port.new(loop, name)
  self.fd, self.slave, self.waiting, self.way = fd, slave, "", way_of(self)
  self.entry = loop:watch(fd, function() readable(self) end, function() writable(self) end)
  return self
end

return pty
