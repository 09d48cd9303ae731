-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- USB of this machine: devices are attached to the ports of vhci_hcd, the kernel's host controller for USB/IP. It has
-- a high-speed bus and a SuperSpeed bus; ports of the same number are the two halves of a socket.

local failure = require "moonflash.base.failure"
local pipe = require "moonflash.sim.usbip.pipe"
local socket = require "moonflash.core.socket"
local sys = require "moonflash.core.sys"
local sysfs = require "moonflash.sim.sysfs"
local usb_device = require "moonflash.sim.usbip.device"
local wire = require "moonflash.sim.usbip.wire"

local vhci = {}
vhci.__index = vhci

local CONTROLLER = "/sys/devices/platform/vhci_hcd.0"
local HUBS = { [480] = "hs", [5000] = "ss" } -- by speed
local FREE = 4 -- VDEV_ST_NULL
local RETRY_MS, ATTACH_MS = 5, 5000
local NODE_RETRY_MS, NODE_MS = 20, 2000
local HOLDER_END_MS = 1000

local function missing()
  return failure.new("sys.not_found", "the kernel has no vhci_hcd, to which a simulated modem is attached", {
    evidence = CONTROLLER,
    hint = "modprobe vhci_hcd; Debian has it in the kernel's package linux-image-*, OpenWrt in kmod-usbip-client",
  })
end

-- The ports of a speed, { number, is_free } by socket.
local function ports_of(text, speed)
  local list = {}
  for hub, number, status in text:gmatch "(%l%l)%s+(%d+)%s+(%d+)[^\n]*" do
    if hub == HUBS[speed] then
      list[#list + 1] = { number = tonumber(number), is_free = tonumber(status) == FREE }
    end
  end
  return list
end

local function read_ports(speed)
  return ports_of(failure.try(sys.read_file(CONTROLLER .. "/status")), speed)
end

-- The numbers of the two buses, by speed.
local function buses()
  local found = {}
  for _, name in ipairs(failure.try(sys.list(CONTROLLER))) do
    local bus = name:match "^usb(%d+)$"
    local speed = bus and tonumber((sys.read_file(CONTROLLER .. "/" .. name .. "/speed")))
    if HUBS[speed] then found[speed] = tonumber(bus) end
  end
  return found
end

--- The buses of vhci_hcd. Raises a failure when there are none, or when they cannot be used.
function vhci.new(loop)
  if not sys.stat(CONTROLLER .. "/attach") then error(missing(), 0) end
  failure.try(sys.access(CONTROLLER .. "/attach", "w"))
  return setmetatable({ loop = loop, buses = buses(), taken = {} }, vhci)
end

--- Where the next modem of a model is plugged in: the place of its application, and that of its loader. It gets the
-- first socket of which both halves are free.
function vhci:places(model)
  local high, super = read_ports(480), read_ports(5000)
  for index in ipairs(high) do
    if high[index].is_free and super[index].is_free and not self.taken[index] then
      self.taken[index] = true
      local slow, fast = self.buses[480] .. "-" .. index, self.buses[5000] .. "-" .. index
      return sysfs.speed(model.place, model.boot_place) == 5000 and fast or slow, slow
    end
  end
  error(failure.new("sys.failed", "all ports of vhci_hcd are in use", { hint = "`usbip port` lists them" }), 0)
end

--- The speed of a place, in Mbit/s.
function vhci:speed(place)
  for speed, bus in pairs(self.buses) do
    if sysfs.bus(place) == bus then return speed end
  end
end

--- The place next to a place.
function vhci:next_place(place) -- luacheck: ignore self
  return sysfs.next_place(place)
end

-- The port of a place. Raises a failure when vhci_hcd has no such place.
local function port_of(self, place)
  local speed = self:speed(place)
  local port = speed and read_ports(speed)[tonumber(place:match "^%d+%-(%d+)$")]
  if port then return port, speed end
  error(failure.new("sys.not_found", "vhci_hcd has no place " .. place, {
    hint = ("its places are %d-1 and so on at high speed, %d-1 and so on at SuperSpeed")
      :format(self.buses[480], self.buses[5000]) }), 0)
end

--- Checks a place; it needs nothing.
function vhci:make_place(place)
  port_of(self, place)
end

--- The ports of a socket are peers already.
function vhci:make_peers() end -- luacheck: ignore self

--- Opens the port of an interface.
function vhci:open_port(loop, kind) -- luacheck: ignore self
  return pipe.open(loop, kind)
end

-- Whether the device before has gone. A kernel that has not seen it leave takes an equal one for it, and does not reach
-- the new one.
local function is_vacant(port, place)
  return port.is_free and not sys.stat("/sys/bus/usb/devices/" .. place)
end

-- Gives the kernel one end of a pair of sockets.
local function plug(self, device, deadline)
  local port, speed = port_of(self, device.place)
  if not is_vacant(port, device.place) and self.loop:now() < deadline then
    return self.loop:after(RETRY_MS, function()
      if not device.gone then plug(self, device, deadline) end
    end)
  end
  local own, theirs = failure.try(socket.pair())
  local words = ("%d %d %d %d"):format(port.number, theirs, port.number + 1, wire.speed_code(speed))
  local written, problem = sys.write_file(CONTROLLER .. "/attach", words)
  sys.close(theirs)
  device.usb:serve(self.loop, own)
  if not written then
    device.usb:close()
    error(problem, 0)
  end
end

--- Attaches a device.
function vhci:attach(device)
  device.usb = usb_device.new(device)
  plug(self, device, self.loop:now() + ATTACH_MS)
end

-- The node of an interface ("ttyUSB0", "cdc-wdm0"); nil when no driver has made one.
local function node_of(device, interface)
  local folder = ("/sys/bus/usb/devices/%s/%s:1.%d"):format(device.place, device.place, interface.number)
  local tty = table.concat(sys.list(folder) or {}, "/"):match "ttyUSB%d+"
  return tty or (sys.list(folder .. "/usbmisc") or {})[1]
end

-- Names the ports by their nodes. Returns whether all nodes are there.
local function name_ports(device)
  local all = true
  for _, interface in ipairs(device.interfaces) do
    interface.node = interface.kind ~= "mbim_data" and node_of(device, interface)
    interface.port.name = interface.node or interface.kind
    all = all and interface.node ~= nil
  end
  return all
end

local function look_for_nodes(self, device, action, deadline)
  if device.gone then return end
  if name_ports(device) or self.loop:now() >= deadline then return action() end
  self.loop:after(NODE_RETRY_MS, function() look_for_nodes(self, device, action, deadline) end)
end

--- Calls a function when the kernel's drivers have made the nodes of a device, or have had the time for it.
function vhci:when_ready(device, _, action)
  device.usb.on_configured = function()
    look_for_nodes(self, device, action, self.loop:now() + NODE_MS)
  end
end

-- Another program opens a node; the simulator itself may not, because the kernel waits for the modem's answers then.
local function hold_node(node)
  return sys.spawn({ "flock", "/dev/" .. node, "sleep", "1000" }, { stdin = false, group = true })
end

local function release(device)
  for _, pid in ipairs(device.holders or {}) do
    sys.kill(-pid, "TERM")
    sys.wait(pid, HOLDER_END_MS)
  end
  device.holders = nil
end

--- Lets other programs open all ports of a device. Returns a function that ends them.
function vhci:hold(device)
  device.holders = {}
  look_for_nodes(self, device, function()
    for _, interface in ipairs(device.holders and device.interfaces or {}) do
      table.insert(device.holders, interface.node and hold_node(interface.node) or nil)
    end
  end, self.loop:now() + ATTACH_MS)
  return function() release(device) end
end

--- Detaches a device.
function vhci:detach(device) -- luacheck: ignore self
  device.gone = true
  release(device)
  device.usb:close()
end

return vhci
