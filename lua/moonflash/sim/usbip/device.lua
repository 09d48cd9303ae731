-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A USB device served over a stream with USB/IP requests: its endpoints, and the transfers that wait.

local control = require "moonflash.sim.usbip.control"
local descriptors = require "moonflash.sim.usbip.descriptors"
local pipe = require "moonflash.sim.usbip.pipe"
local sys = require "moonflash.core.sys"
local wire = require "moonflash.sim.usbip.wire"

local usb_device = {}
usb_device.__index = usb_device

local READ_SIZE = 65536 -- bytes

-- --- the stream ----------------------------------------------------------------------------------

local function flush(self)
  if self.closed then return end
  local text = self.unsent .. table.concat(self.replies)
  self.replies = {}
  local sent = text == "" and 0 or sys.write(self.fd, text) or 0
  self.unsent = text:sub(sent + 1)
  self.entry.write = self.unsent ~= ""
end

-- Replies to requests that arrived together are sent together.
local function reply(self, text)
  self.replies[#self.replies + 1] = text
  if not self.reading then flush(self) end
end

-- --- transfers -----------------------------------------------------------------------------------

local function answer(self, request, data)
  reply(self, wire.submitted(request, wire.DONE, data))
end

local function take_control(self, request)
  local interface = self.by_number[request.setup:byte(5)]
  if interface and interface.port.deaf and request.setup:sub(1, 2) == "\33\0" then return self:hold(request) end
  local data, afterwards = control(self, request)
  if not data then return reply(self, wire.submitted(request, wire.STALL, "")) end
  answer(self, request, data:sub(1, request.length))
  if afterwards then afterwards() end
end

--- Keeps a transfer that is never answered.
function usb_device:hold(request)
  self.held[request.sequence] = true
end

-- The data endpoints of QMI and MBIM carry nothing: a modem without a network.
local function take_in(self, request, interface)
  local by_notice = request.endpoint + 128 == interface.endpoints.interrupt
  if by_notice == interface.port.is_control then return pipe.wait(interface.port, request) end
  self:hold(request)
end

local function take_out(self, request, interface)
  if interface.port.deaf then return self:hold(request) end
  answer(self, request)
  if not interface.port.is_control then interface.port.receive(request.data) end
end

local handlers = {}

function handlers.submit(self, request)
  if request.endpoint == 0 then return take_control(self, request) end
  local interface = self.by_address[request.endpoint + (request.is_in and 128 or 0)]
  if not interface then return reply(self, wire.submitted(request, wire.STALL, "")) end
  if request.is_in then take_in(self, request, interface) else take_out(self, request, interface) end
end

local function cancel(self, sequence)
  if self.held[sequence] then
    self.held[sequence] = nil
    return true
  end
  for _, interface in ipairs(self.interfaces) do
    if pipe.cancel(interface.port, sequence) then return true end
  end
end

function handlers.unlink(self, request)
  reply(self, wire.unlinked(request, cancel(self, request.of) and wire.UNLINKED or wire.DONE))
end

local function serve(self)
  local at = 1
  while not self.closed do
    local request, after = wire.request(self.rest, at)
    if not request then
      if after then self:close() end -- no USB/IP
      break
    end
    at = after
    handlers[request.kind](self, request)
  end
  self.rest = self.rest:sub(at)
end

local function readable(self)
  local text, failed = sys.read(self.fd, READ_SIZE)
  if not text then
    if failed.code ~= "sys.again" then self:close() end
    return
  end
  self.rest = self.rest == "" and text or self.rest .. text
  self.reading = true
  serve(self)
  self.reading = false
  flush(self)
end

-- --- the device ----------------------------------------------------------------------------------

--- A device (moonflash.sim.interfaces) with its descriptors. `on_configured` is called when the host has chosen its
-- configuration.
function usb_device.new(device)
  descriptors.number(device.interfaces)
  local self = setmetatable({
    interfaces = device.interfaces, descriptors = descriptors.of(device), by_number = {}, by_address = {},
    configuration = 0, closed = true, on_configured = function() end,
  }, usb_device)
  for _, interface in ipairs(self.interfaces) do
    self.by_number[interface.number] = interface
    for _, address in pairs(interface.endpoints) do self.by_address[address] = interface end
  end
  return self
end

--- Serves the requests of a stream, from `rest` on, which has arrived already.
function usb_device:serve(loop, fd, rest)
  self.loop, self.fd, self.closed = loop, fd, false
  self.rest, self.unsent, self.replies, self.held = rest or "", "", {}, {}
  for _, interface in ipairs(self.interfaces) do
    pipe.connect(interface.port, interface, function(request, data) answer(self, request, data) end)
  end
  self.entry = loop:watch(fd, function() readable(self) end, function() flush(self) end)
  serve(self)
end

--- Ends the stream: for the host, the device is unplugged.
function usb_device:close()
  if self.closed then return end
  flush(self)
  self.closed = true
  self.loop:unwatch(self.entry)
  sys.close(self.fd)
end

return usb_device
