-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Channels to modems, by address. The form of an address chooses the transport:
--
--     "/dev/ttyUSB0"      a serial port: its path, also one below a simulator's root
--     "usb:1-1.4/0"       an interface of the device at a place, over USB without a serial driver
--
-- A transport is one row of the table below. Other files do not look into an address: this file tests whether it is
-- ready, finds obstacles, and opens it. moonflash.device.drivers gives the addresses of a device.

local failure = require "moonflash.base.failure"
local paths = require "moonflash.base.paths"
local process = require "moonflash.base.process"
local run = require "moonflash.base.run"
local sys = require "moonflash.core.sys"
local sysfs = require "moonflash.device.sysfs"

local channel = {}

local RETRY_MS = 10

-- --- USB ------------------------------------------------------------------------------------------

local USB_FILE = "moonflash/core/usb"

local function usb_parts(address)
  local place, interface = address:match "^usb:(%d+%-[%d.]+)/(%d+)$"
  return place, tonumber(interface)
end

local function usb_node(address)
  local place = usb_parts(address)
  local number = place and sysfs.number("/", place)
  return number and ("/dev/bus/usb/%03d/%03d"):format(tonumber(place:match "^%d+"), number)
end

local function open_usb(address)
  local node, _, interface = usb_node(address), usb_parts(address)
  if not node then return nil, failure.new("port.not_found", address .. ": there is no such device") end
  local loaded, core = pcall(require, "moonflash.core.usb")
  if loaded then return core.open(node, interface, address) end
  return nil, failure.new("port.failed", "the USB module does not load", { evidence = tostring(core):match "[^\n]*" })
end

-- Loading the module to see whether it is there would load libusb.
local function is_installed()
  for template in package.cpath:gmatch "[^;]+" do
    if sys.stat((template:gsub("%?", USB_FILE))) then return true end
  end
  return false
end

--- The address of an interface, by its number, of the device at a place.
function channel.usb_address(place, interface)
  return ("usb:%s/%d"):format(place, interface)
end

--- The number of the interface that an address over USB means; nil for other addresses.
function channel.usb_interface(address)
  return select(2, usb_parts(address))
end

--- Why the devices below a root cannot be spoken to without a serial driver, in words; nil when they can.
function channel.lacks_usb(root)
  if paths.below(root, "/") ~= "/" then return "there are no USB nodes below another root" end
  return not is_installed() and "the USB module of moonflash is not installed (OpenWrt: the package moonflash-usb)"
    or nil
end

-- --- all transports -------------------------------------------------------------------------------

-- node(address): the path of the file in /dev behind the address; nil when its device is not there. open(address): the
-- channel, or nil and a failure port.*. The first row whose pattern fits is taken. Its module is loaded by the first
-- open: listing modems loads no libserialport.
local transports = {
  { pattern = "^usb:", node = usb_node, open = open_usb },
  { pattern = "", node = function(path) return path end,
    open = function(path) return require("moonflash.core.port").open(path) end },
}

local function transport_of(address)
  for _, transport in ipairs(transports) do
    if address:find(transport.pattern) then return transport end
  end
end

--- Whether an address is there to be opened. The kernel has a port before /dev shows its node.
function channel.is_ready(address)
  local path = transport_of(address).node(address)
  return path ~= nil and sys.real_path(path) ~= nil
end

--- The reason why this program cannot open an address, "plain_file" or "denied", and the evidence. A redirection to a
-- port creates a plain file while the modem is away.
function channel.obstacle(address)
  local path = transport_of(address).node(address)
  if not path then return nil end
  local found = sys.stat(sys.real_path(path) or path)
  if found and found.kind == "file" then return "plain_file", ("%s has %.0f bytes"):format(path, found.size) end
  local allowed, problem = sys.access(path, "rw")
  if not allowed and problem.code == "sys.denied" then
    return "denied", ("%s, user id %d"):format(path, sys.user_id())
  end
end

--- Opens a channel (see core/bind/channel.h), or returns nil and a failure port.*. The trace of the current run records
-- its bytes. In content "text", lines of text, a trace finds more identifiers than in bytes.
function channel.open(address, content)
  local opened, problem = transport_of(address).open(address)
  if not opened then return nil, problem end
  local trace = run.trace()
  return trace and trace:tap(opened, address, content) or opened
end

-- A node that has just appeared is not in /dev yet, has no permissions yet, or its driver is not ready.
local passing = {
  ["port.not_found"] = true, ["port.denied"] = true, ["port.busy"] = true, ["port.failed"] = true,
}

--- Opens a session on a channel that may not be ready: calls open_session(address) again for `within_ms` while the
-- failure may pass. Returns what open_session returned; or nil and its last failure, or job.interrupted.
function channel.open_when_ready(address, open_session, within_ms)
  local session, problem = process.poll_until(sys.clock_ms() + within_ms, RETRY_MS, function()
    local opened, failed = open_session(address)
    return opened, failed, failed and passing[failed.code]
  end)
  if session or problem.code ~= "sys.interrupted" then return session, problem end
  return nil, failure.new("job.interrupted", "stopped while opening " .. address, { cause = problem })
end

return channel
