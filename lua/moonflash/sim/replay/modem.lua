-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A modem that does what the modem of a trace did. It answers, leaves and returns when the program has sent
-- everything that is before this in the trace, and the recorded time has passed.

local bytes = require "moonflash.core.bytes"
local expect = require "moonflash.sim.replay.expect"
local ports = require "moonflash.sim.replay.ports"
local T = require("moonflash.sim.template").new
local tables = require "moonflash.base.table"

local modem = {}
modem.__index = modem

local HANG_UP_MS = 50 -- for the program to read the bytes before

-- Both places of every socket that the modem was seen in.
local function make_places(self)
  for _, event in ipairs(self.events) do
    local dev = event.device or {}
    if dev.place then self.usb:make_place(dev.place, dev.speed or 480) end
    if dev.peer then
      self.usb:make_place(dev.peer, dev.speed == 480 and 5000 or 480)
      self.usb:make_peers(dev.place, dev.peer)
    end
  end
end

--- A modem that is not attached yet.
-- @tparam table world loop, usb, time_scale
-- @tparam table listener differs(expected, got), signal(name), ended() at the end of the trace
function modem.new(world, events, listener)
  local self = setmetatable({
    loop = world.loop, usb = world.usb, time_scale = world.time_scale, events = events, listener = listener,
    at = 1, ports = {},
  }, modem)
  make_places(self)
  return self
end

-- --- on the bus -------------------------------------------------------------------------------

local function same(one, other)
  return one and one.place == other.place and one.number == other.number
end

-- A device is recorded several times while the kernel makes its nodes. Here it has all of them at once.
local function complete(self, dev)
  for index = self.at + 1, #self.events do
    local event = self.events[index]
    if event.event == "device" then
      if event.state == "left" or not same(event.device, dev) then break end
      dev = event.device
    end
  end
  return dev
end

-- A modem may vanish before the kernel has made its ttys.
local function has_late_nodes(dev)
  for _, interface in ipairs(dev.interfaces) do
    if interface.tty or interface.net then return true end
  end
end

--- Detaches the modem: all its ports hang up.
function modem:detach()
  if not self.device then return end
  for _, port in pairs(self.ports) do port.port:close() end
  if self.device.place then self.usb:detach(self.device) end
  self.device, self.ports, self.seen = nil, {}, nil
end

--- Attaches the modem, in the form of a device event. A device without a place is a port alone, of a modem that
-- was not found on USB (`at -t PORT`).
function modem:attach(dev)
  if same(self.seen, dev) then return end
  self:detach()
  dev = complete(self, dev)
  local device = tables.merge(dev, { interfaces = {} })
  for index, interface in ipairs(dev.interfaces) do
    local port = ports.open(self, interface, dev.mode)
    device.interfaces[index], self.ports[interface.number] = port, port
  end
  if dev.place then self.usb:attach(device) end
  if dev.place and has_late_nodes(dev) then self.usb:finish(device) end
  self.device, self.seen = device, dev
end

-- --- what the modem does ----------------------------------------------------------------------

local function to_bytes(tlvs)
  local parts = {}
  for index, text in ipairs(tlvs) do
    local kind, value = text:match "^(%x%x) (%x*)$"
    parts[index] = T "<kind:1> <value:2s>":fill { kind = tonumber(kind, 16), value = bytes.from_hex(value) }
  end
  return table.concat(parts)
end

local acts = {}

function acts.port(self, event)
  local port = self.ports[event["if"]]
  if port then port.port:send(expect.bytes(event)) end
end

function acts.qmi(self, event)
  local port = self.ports[event["if"]]
  if event.tlvs and port and port.asked then ports.answer(port.asked, to_bytes(event.tlvs)) end
end

function acts.device(self, event)
  self:attach(event.device)
end

function acts.signal(self, event)
  self.listener.signal(event.name)
end

local function hangs_up(event)
  return event.ended or event.state == "left" or event.failure == "qmi.closed"
end

local function delay_of(self, event)
  local before = self.events[self.at - 1]
  local ms = math.max(0, event.t - before.t) * self.time_scale
  return hangs_up(event) and math.max(ms, HANG_UP_MS) or ms
end

local function act_later(self, event)
  self.loop:after(delay_of(self, event), function()
    if hangs_up(event) then self:detach() else acts[event.event](self, event) end
    self.at = self.at + 1
    self:continue()
  end)
end

-- --- the order of the trace -------------------------------------------------------------------

-- Whether the program has sent all of this event. A difference ends the replay.
local function take(self, event)
  local port = self.ports[event["if"]]
  if not port then return false end
  local taken, instead, wanted = expect.take(port, event)
  if taken == nil then self.listener.differs(wanted or expect.text(event), instead) end
  return taken
end

--- The event that the program has to send next; nil after the last one.
function modem:awaited()
  for index = self.at, #self.events do
    if self.events[index].dir == ">" then return self.events[index] end
  end
end

--- The program has sent something. After the trace has ended, a QMI request is a difference.
function modem:port_changed()
  for _, port in pairs(self:awaited() and {} or self.ports) do
    local asked = port.requests[1]
    if asked then self.listener.differs("the end of the trace", expect.text(asked.fields)) end
  end
  self:continue()
end

--- Whether this QMI request is the one that the program has to send next.
function modem:expects(service, message)
  local event = self:awaited() or {}
  return event.service == service and event.message == "0x" .. bytes.hex_number(message, 4)
end

--- Continues as far as the trace and the received bytes allow.
function modem:continue()
  while true do
    local event = self.events[self.at]
    if not event then return self.listener.ended() end
    if event.dir == ">" then
      if not take(self, event) then return end
    elseif acts[event.event] then
      if self.acting ~= self.at then
        self.acting = self.at
        act_later(self, event)
      end
      return
    end
    self.at = self.at + 1
  end
end

return modem
