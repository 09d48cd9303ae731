--- The loader's check of an image: every header and every CRC, at all levels; and the settings that change the USB ids.
-- It is written from the description of the format (reference: cwe), without the updater's code.

local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"

local cwe = {}

local header_size = 400
local piece = 262144

local function text(header, at, size)
  return (header:sub(at + 1, at + size):match("^[^%z]*"))
end

-- --- settings (reference: cwe 7) -------------------------------------------------------------------

local nvup_header_size, entry_head_size, tlv_head_size = 10, 8, 6
local name_tlv, value_tlv = 1, 2
local variable = "\8" -- first byte of a variable's name

local function read_tlvs(entry)
  local tlvs, at = {}, 1
  while at + tlv_head_size <= #entry + 1 do
    local kind, size = bytes.get_u16le(entry, at), bytes.get_u32le(entry, at + 2)
    tlvs[kind] = entry:sub(at + tlv_head_size, at + tlv_head_size + size - 1)
    at = at + tlv_head_size + size
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

--- Reads a header.
-- @treturn table { type=, product=, size=, crc=, version= }, or nil when the bytes are no header
function cwe.parse(header)
  if #header < header_size then return nil end
  if crc.crc32(header:sub(1, 256)) ~= bytes.get_u32be(header, 0x100 + 1) then return nil end
  return {
    type = text(header, 0x10c, 4), product = text(header, 0x110, 4),
    size = bytes.get_u32be(header, 0x114 + 1), crc = bytes.get_u32be(header, 0x118 + 1),
    version = text(header, 0x11c, 84),
  }
end

local function read_at(file, offset, size)
  file:seek("set", offset)
  return file:read(size) or ""
end

local function crc_of_range(file, offset, size)
  local sum
  file:seek("set", offset)
  while size > 0 do
    local part = file:read(math.min(piece, size))
    if not part then break end
    sum = crc.crc32(part, sum)
    size = size - #part
  end
  return sum or crc.crc32("")
end

local verify_payload

-- Records the object at an offset and checks its payload. Returns the CRC and size of the whole.
local function verify_object(file, offset, header, found, records)
  records[#records + 1] = found
  found.offset = offset
  local sum = verify_payload(file, offset + header_size, found.size, records)
  found.ok = sum == found.crc
  return crc.crc32_combine(crc.crc32(header), sum, found.size), header_size + found.size
end

-- The CRC of a payload. A payload that begins with an object is a sequence of objects, any other is plain data. Each
-- byte is read once, at any depth.
function verify_payload(file, offset, size, records)
  local sum, done = crc.crc32(""), 0
  while done < size do
    local header = size - done >= header_size and read_at(file, offset + done, header_size) or ""
    local found = cwe.parse(header)
    if not found or found.size > size - done - header_size then
      local rest = crc_of_range(file, offset + done, size - done)
      return crc.crc32_combine(sum, rest, size - done)
    end
    local part, length = verify_object(file, offset + done, header, found, records)
    sum = crc.crc32_combine(sum, part, length)
    done = done + length
  end
  return sum
end

--- Checks a whole file.
-- @treturn table records, outermost first, each with `ok`; or nil and what is wrong
function cwe.verify(path)
  local file = assert(io.open(path, "rb"))
  local records = {}
  local header = read_at(file, 0, header_size)
  local outer = cwe.parse(header)
  if outer then verify_object(file, 0, header, outer, records) end
  for _, record in ipairs(records) do
    if record.type == "NVUP" then
      record.usb_ids = usb_ids(read_at(file, record.offset + header_size, record.size))
    end
  end
  file:close()
  if not outer then return nil, "no header" end
  for index = #records, 1, -1 do
    local record = records[index] -- the innermost bad record is the cause
    if not record.ok then return nil, ("bad CRC of %s at %.0f"):format(record.type, record.offset) end
  end
  return records
end

local version_pattern = "_(%d%d%.%d%d%.%d%d%.%d%d)"
local firmware_types = { BOOT = true, APPL = true, MODM = true }

--- The contents of a checked image.
-- @treturn table { firmware = version, settings = { firmware=, carrier=, config= }, usb_ids = { vid=,
--   application=, download= } }, each may be absent
function cwe.contents(records)
  local contents = {}
  for _, record in ipairs(records) do
    local firmware = record.version:match(version_pattern) or records[1].version:match(version_pattern)
    local carrier, config = record.version:match("_([%a-]+)_(%d+%.%d+_%d%d%d)$")
    contents.usb_ids = contents.usb_ids or record.usb_ids
    if firmware_types[record.type] then contents.firmware = contents.firmware or firmware end
    if carrier and not contents.settings then
      contents.settings = { firmware = firmware, carrier = carrier, config = config }
    end
  end
  return contents
end

return cwe
