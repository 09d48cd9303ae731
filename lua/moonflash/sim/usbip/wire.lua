-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- USB/IP on the wire, as the kernel's Documentation/usb/usbip_protocol.rst describes it: requests in the received
-- bytes, and the bytes of replies. All numbers are big-endian; those that are only given back stay bytes.

local bytes = require "moonflash.core.bytes"

local wire = {}

local HEADER = 48 -- bytes of each URB command and reply
local SUBMIT, UNLINK = 1, 2
local RET_SUBMIT, RET_UNLINK = bytes.u32be(3), bytes.u32be(4)
local IN = 1
local LONGEST = 1048576 -- bytes of a transfer; the kernel's drivers of a modem ask for 64 KiB at most

--- Statuses of a reply: negative error numbers of Linux.
wire.DONE = bytes.u32be(0)
wire.STALL = "\255\255\255\224" -- -EPIPE
wire.UNLINKED = "\255\255\255\152" -- -ECONNRESET

local function submit(text, at)
  local is_in, length = bytes.get_u32be(text, at + 12) == IN, bytes.get_u32be(text, at + 24)
  if length > LONGEST then return nil, "a transfer that is too long" end
  local data_at = at + HEADER
  local after = is_in and data_at or data_at + length
  if after > #text + 1 then return nil end
  return {
    kind = "submit", sequence = text:sub(at + 4, at + 7), endpoint = bytes.get_u32be(text, at + 16), is_in = is_in,
    length = length, setup = text:sub(at + 40, at + 47), data = not is_in and text:sub(data_at, after - 1) or nil,
  }, after
end

--- The request that begins at a byte of the text, and the first byte after it; nil when more bytes are needed; nil and
-- a text when it is no request. A submit is { kind, sequence (bytes), endpoint, is_in, length, setup (bytes), data },
-- an unlink { kind, sequence, of = sequence of the submit }.
function wire.request(text, at)
  if #text - at + 1 < HEADER then return nil end
  local command = bytes.get_u32be(text, at)
  if command == SUBMIT then return submit(text, at) end
  if command ~= UNLINK then return nil, "no command of USB/IP" end
  return { kind = "unlink", sequence = text:sub(at + 4, at + 7), of = text:sub(at + 20, at + 23) }, at + HEADER
end

local no_address = ("\0"):rep(12) -- device, direction and endpoint are 0 in a reply
local no_packets = ("\0"):rep(20) -- start frame, packets and errors: nothing is isochronous

--- The reply to a submit. For an IN transfer the data goes along, for an OUT transfer all of it was taken.
function wire.submitted(request, status, data)
  local size = request.is_in and #data or status == wire.DONE and request.length or 0
  return RET_SUBMIT .. request.sequence .. no_address .. status .. bytes.u32be(size) .. no_packets .. (data or "")
end

--- The reply to an unlink.
function wire.unlinked(request, status)
  return RET_UNLINK .. request.sequence .. no_address .. status .. ("\0"):rep(24)
end

-- --- before the device is attached ---------------------------------------------------------------

local VERSION = "\1\17" -- 1.1.1
local REPLY_TO_LIST, REPLY_TO_IMPORT = VERSION .. "\0\5", VERSION .. "\0\3"
local LIST, IMPORT = VERSION .. "\128\5", VERSION .. "\128\3"
local OPERATION, BUS_ID, PATH = 8, 32, 256 -- bytes
local NO_DEVICE = 4 -- ST_NODEV
local speed_codes = { [480] = 3, [5000] = 5 } -- enum usb_device_speed

--- The code of a speed in Mbit/s, for the kernel and in a list of devices.
function wire.speed_code(speed)
  return speed_codes[speed]
end

--- The operation that received bytes begin with, and the first byte after it; nil when more bytes are needed; nil and
-- a text when it is none. It is { kind = "list" } or { kind = "import", bus_id }.
function wire.operation(text)
  local code = text:sub(1, 4)
  if #text < OPERATION then return nil end
  if code == LIST then return { kind = "list" }, OPERATION + 1 end
  if code ~= IMPORT then return nil, "no operation of USB/IP" end
  if #text < OPERATION + BUS_ID then return nil end
  return { kind = "import", bus_id = text:sub(OPERATION + 1, OPERATION + BUS_ID):match "^%Z*" }, OPERATION + BUS_ID + 1
end

local function filled(text, size)
  return text .. ("\0"):rep(size - #text)
end

local function swapped(text, at)
  return text:sub(at + 1, at + 1) .. text:sub(at, at)
end

-- The 312 bytes of a device. The ids and the revision are little-endian in its descriptor.
local function entry_bytes(entry)
  local device = entry.descriptor
  return filled(entry.path, PATH) .. filled(entry.bus_id, BUS_ID) .. bytes.u32be(1) .. bytes.u32be(entry.number)
    .. bytes.u32be(wire.speed_code(entry.speed)) .. swapped(device, 9) .. swapped(device, 11) .. swapped(device, 13)
    .. device:sub(5, 7) .. "\1" .. device:sub(18, 18) .. bytes.u8(#entry.classes)
end

--- The reply to a list of entries, { path, bus_id, number, speed, descriptor (of the device), classes = { bytes } }.
function wire.listed(entries)
  local out = { REPLY_TO_LIST .. bytes.u32be(0) .. bytes.u32be(#entries) }
  for _, entry in ipairs(entries) do
    out[#out + 1] = entry_bytes(entry)
    for _, class in ipairs(entry.classes) do out[#out + 1] = class .. "\0" end
  end
  return table.concat(out)
end

--- The reply to an import; without an entry there is no such device.
function wire.imported(entry)
  return REPLY_TO_IMPORT .. bytes.u32be(entry and 0 or NO_DEVICE) .. (entry and entry_bytes(entry) or "")
end

return wire
