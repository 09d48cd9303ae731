-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- USB for other machines: a server of USB/IP on a TCP port, for `usbip attach`. The nth modem has the bus id 1-n in
-- every mode. A host has to attach it again after each of its resets.

local descriptors = require "moonflash.sim.usbip.descriptors"
local failure = require "moonflash.base.failure"
local pipe = require "moonflash.sim.usbip.pipe"
local socket = require "moonflash.core.socket"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local usb = require "moonflash.sim.usb"
local usb_device = require "moonflash.sim.usbip.device"
local wire = require "moonflash.sim.usbip.wire"

local server = {}
server.__index = server

local READ_SIZE = 4096 -- bytes

-- What the list of devices says of one.
local function entry_of(device)
  local classes = {}
  for index, interface in ipairs(device.interfaces) do
    classes[index] = string.char(tables.unpack(descriptors.class(interface)))
  end
  return {
    bus_id = "1-" .. device.number, path = "/sys/devices/simulated/" .. device.place, number = device.number,
    speed = device.speed, descriptor = device.usb.descriptors.device, classes = classes,
  }
end

local function accept(self)
  local fd = socket.accept(self.fd)
  if fd then self:take(fd) end
end

--- Listens on a TCP port; 0: any free one, which `port` says then. Raises a failure.
function server.new(loop, port)
  local fd, bound = failure.try(socket.listen(port))
  local self = setmetatable({ loop = loop, fd = fd, port = bound, devices = {} }, server)
  loop:watch(fd, function() accept(self) end)
  return self
end

server.places, server.speed, server.next_place = usb.places, usb.speed, usb.next_place

--- A host chooses the port.
function server:make_place() end -- luacheck: ignore self

--- A host chooses the port.
function server:make_peers() end -- luacheck: ignore self

--- Opens the port of an interface.
function server:open_port(loop, kind) -- luacheck: ignore self
  return pipe.open(loop, kind)
end

-- --- operations ----------------------------------------------------------------------------------

local function by_bus_id(self, bus_id)
  for _, device in ipairs(self.devices) do
    if entry_of(device).bus_id == bus_id then return device end
  end
end

local function close(self, client)
  self.loop:unwatch(client.entry)
  sys.close(client.fd)
end

local operations = {}

function operations.list(self, client)
  local entries = {}
  for index, device in ipairs(self.devices) do entries[index] = entry_of(device) end
  sys.write(client.fd, wire.listed(entries))
  close(self, client)
end

-- After an import the connection carries the device's transfers. A device has one host.
function operations.import(self, client, operation, rest)
  local device = by_bus_id(self, operation.bus_id)
  local is_free = device and device.usb.closed
  sys.write(client.fd, wire.imported(is_free and entry_of(device)))
  if not is_free then return close(self, client) end
  self.loop:unwatch(client.entry)
  device.usb:serve(self.loop, client.fd, rest)
end

local function receive(self, client)
  local text, failed = sys.read(client.fd, READ_SIZE)
  if not text then return failed.code ~= "sys.again" and close(self, client) end
  client.text = client.text .. text
  local operation, after = wire.operation(client.text)
  if operation then return operations[operation.kind](self, client, operation, client.text:sub(after)) end
  if after then close(self, client) end
end

--- Takes a connection, by its descriptor.
function server:take(fd)
  local client = { fd = fd, text = "" }
  client.entry = self.loop:watch(fd, function() receive(self, client) end)
end

-- --- devices -------------------------------------------------------------------------------------

--- Offers a device.
function server:attach(device)
  device.usb = usb_device.new(device)
  table.insert(self.devices, device)
end

--- Calls a function: a device may be attached by a host at once.
function server:when_ready(_, modem, action) -- luacheck: ignore self
  modem:after(0, action)
end

--- The programs of another machine cannot be held.
function server:hold() -- luacheck: ignore self
  return function() end
end

--- Ends a device: for its host, it is unplugged.
function server:detach(device)
  for index, other in ipairs(self.devices) do
    if other == device then table.remove(self.devices, index) end
  end
  device.usb:close()
end

--- Stops listening.
function server:close()
  sys.close(self.fd)
end

return server
