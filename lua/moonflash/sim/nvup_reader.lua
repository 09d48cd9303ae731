--- Reads the variables of an NVUP payload (reference: cwe 7) that change the USB ids of a modem.
-- @module moonflash.sim.nvup_reader

local bytes = require "moonflash.core.bytes"

local nvup = {}

local header_size, entry_head_size, tlv_head_size = 10, 8, 6
local name_tlv, value_tlv = 1, 2
local variable = "\8" -- first byte of a variable's name

local function read_tlvs(text)
  local tlvs, at = {}, 1
  while at + tlv_head_size <= #text + 1 do
    local kind, size = bytes.get_u16le(text, at), bytes.get_u32le(text, at + 2)
    tlvs[kind] = text:sub(at + tlv_head_size, at + tlv_head_size + size - 1)
    at = at + tlv_head_size + size
  end
  return tlvs
end

--- Reads the named variables.
-- @tparam string payload
-- @treturn table values as bytes, by name
function nvup.variables(payload)
  local found, at = {}, header_size + 1
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

--- The USB ids in the settings.
-- @tparam string payload
-- @treturn table { vid, application, download }, each may be absent; nil when there are none
function nvup.usb_ids(payload)
  local found = nvup.variables(payload)
  local vid, products = found.USB_VENDOR_ID, found.USB_APP_BOOT_PIDS
  if not vid and not products then return nil end
  return { vid = hex_of(vid, 1), application = hex_of(products, 1), download = hex_of(products, 3) }
end

return nvup
