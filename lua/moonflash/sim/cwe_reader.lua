-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The loader's check of an image: every header and every CRC, at all levels; and the settings that change the USB ids.
-- It is written from the description of the format (reference: cwe), without the updater's code.

local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"
local T = require("moonflash.sim.template").new

local cwe = {}

local header_size = 400
local piece = 262144

local function text(header, at, size)
  return (header:sub(at + 1, at + size):match("^[^%z]*"))
end

-- --- settings (reference: cwe 7) -------------------------------------------------------------------

local nvup_header_size, entry_head_size = 10, 8
local first_tlv = T "<kind:2> <value:4s> <rest>"
local name_tlv, value_tlv = 1, 2
local variable = "\8" -- first byte of a variable's name

local function read_tlvs(entry)
  local tlvs, tlv = {}, first_tlv:match(entry)
  while tlv do
    tlvs[tlv.kind] = tlv.value
    tlv = first_tlv:match(tlv.rest)
  end
  return tlvs
end

-- The variables of an NVUP payload: values as bytes, by name.
local function variables(payload)
  local found, at = {}, nvup_header_size + 1
  while at + entry_head_size <= #payload do
    local length = bytes.get_u32le(payload, at)
    if length < entry_head_size then break end
    local tlvs = read_tlvs(payload:sub(at + entry_head_size, at + length - 1))
    local name = tlvs[name_tlv] or ""
    if name:sub(1, 1) == variable then found[name:sub(2)] = tlvs[value_tlv] end
    at = at + length
  end
  return found
end

local function hex_of(value, at)
  local number = bytes.get_u16le(value or "", at)
  return number and bytes.hex_number(number, 4)
end

-- The USB ids in an NVUP payload: { vid, application, download }, each may be absent; nil when there are none.
local function usb_ids(payload)
  local found = variables(payload)
  local vid, products = found.USB_VENDOR_ID, found.USB_APP_BOOT_PIDS
  if not vid and not products then return nil end
  return { vid = hex_of(vid, 1), application = hex_of(products, 1), download = hex_of(products, 3) }
end

-- --- records --------------------------------------------------------------------------------------

--- Reads a header: { type, product, size, crc, version }, or nil when the bytes are no header.
function cwe.parse(header)
  if #header < header_size then return nil end
  if crc.crc32(header:sub(1, 256)) ~= bytes.get_u32be(header, 0x100 + 1) then return nil end
  return {
    type = text(header, 0x10c, 4), product = text(header, 0x110, 4),
    size = bytes.get_u32be(header, 0x114 + 1), crc = bytes.get_u32be(header, 0x118 + 1),
    version = text(header, 0x11c, 84),
  }
end

--- Whether a header belongs to another product ("9X30") or family ("SWI9X30C").
function cwe.is_for_other(header, family, product)
  local named = header.version:match("SWI%d+X%d+%a*")
  return header.product:upper() ~= product or named and named ~= family
end

local function read_at(file, offset, size)
  file:seek("set", offset)
  return file:read(size) or ""
end

local function crc_of_range(file, offset, size)
  local sum = crc.crc32("")
  file:seek("set", offset)
  while size > 0 do
    local part = file:read(math.min(piece, size))
    if not part then break end
    sum, size = crc.crc32(part, sum), size - #part
  end
  return sum
end

-- Adds the objects in a range of the file to the records, and those inside of them. Plain data ends the search. Returns
-- what is wrong, if anything; the innermost bad object is the cause.
local function check_objects(file, offset, ending, records)
  while offset + header_size <= ending do
    local found, data = cwe.parse(read_at(file, offset, header_size)), offset + header_size
    if not found or found.size > ending - data then return end
    records[#records + 1] = found
    if found.type == "NVUP" then found.usb_ids = usb_ids(read_at(file, data, found.size)) end
    local wrong = check_objects(file, data, data + found.size, records)
    if wrong then return wrong end
    if crc_of_range(file, data, found.size) ~= found.crc then
      return ("bad CRC of %s at %.0f"):format(found.type, offset)
    end
    offset = data + found.size
  end
end

--- Checks a whole file. Returns its records, outermost first; or nil and what is wrong.
function cwe.verify(path)
  local file, records = assert(io.open(path, "rb")), {}
  local wrong = check_objects(file, 0, file:seek "end", records)
  file:close()
  if not records[1] then wrong = "no header" end
  return not wrong and records or nil, wrong
end

local version_pattern = "_(%d%d%.%d%d%.%d%d%.%d%d)"
local firmware_types = { BOOT = true, APPL = true, MODM = true }

--- The contents of a checked image, { firmware, settings = { firmware, carrier, config }, usb_ids = { vid, application,
-- download } }; each may be absent.
function cwe.contents(records)
  local contents = {}
  for _, record in ipairs(records) do
    local firmware = record.version:match(version_pattern) or records[1].version:match(version_pattern)
    local carrier, config = record.version:match("_([%w-]+)_([%d.]+_%d%d%d)$")
    contents.usb_ids = contents.usb_ids or record.usb_ids
    if firmware_types[record.type] then contents.firmware = contents.firmware or firmware end
    if carrier and not contents.settings then
      contents.settings = { firmware = firmware, carrier = carrier, config = config }
    end
  end
  return contents
end

return cwe
