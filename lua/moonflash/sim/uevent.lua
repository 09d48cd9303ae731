-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Kernel uevents on a datagram socket ROOT/uevent instead of netlink. A program that sends the byte "+" to it receives
-- all later events.

local sys = require "moonflash.core.sys"

local uevent = {}
uevent.__index = uevent

local retry_ms = 5

local function subscribe(self)
  local text, address = sys.receive_from(self.fd)
  if text == "+" then self.listeners[address] = self.listeners[address] or {} end
end

--- Makes the socket.
function uevent.open(root, loop)
  sys.remove(root .. "/uevent")
  local fd, failure = sys.datagram(root .. "/uevent")
  if not fd then return nil, failure end
  local self = setmetatable({
    path = root .. "/uevent", fd = fd, loop = loop, listeners = {}, number = 1000,
  }, uevent)
  loop:watch(fd, function() subscribe(self) end)
  return self
end

-- Sends what waits for a listener. Its queue has room for about ten events: the rest is sent when it has read some.
local function deliver(self, address)
  local waiting = self.listeners[address]
  while not self.closed and waiting and waiting[1] do
    local sent, failure = sys.send_to(self.fd, address, waiting[1])
    if sent then
      table.remove(waiting, 1)
    elseif failure.code == "sys.closed" then
      self.listeners[address] = nil
      return
    else
      return self.loop:after(retry_ms, function() deliver(self, address) end)
    end
  end
end

--- Sends an event (add, remove, bind, unbind) to every listener, in order and without loss. More are "NAME=value".
function uevent:send(action, path, subsystem, more)
  self.number = self.number + 1
  local parts = { action .. "@" .. path, "ACTION=" .. action, "DEVPATH=" .. path, "SUBSYSTEM=" .. subsystem }
  for _, text in ipairs(more or {}) do parts[#parts + 1] = text end
  parts[#parts + 1] = "SEQNUM=" .. self.number
  local text = table.concat(parts, "\0") .. "\0"
  for address, waiting in pairs(self.listeners) do
    waiting[#waiting + 1] = text
    if not waiting[2] then deliver(self, address) end
  end
end

--- Closes the socket.
function uevent:close()
  self.closed = true
  sys.close(self.fd)
  sys.remove(self.path)
end

return uevent
