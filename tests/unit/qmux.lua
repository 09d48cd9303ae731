-- QMUX frames, taken apart and put together without any of the product's code.
-- Source: libqmi, qmi-message.c.
local qmux = {}

local function u16(number)
  return string.char(number % 256, math.floor(number / 256))
end

local function get_u16(data, at)
  return data:byte(at) + data:byte(at + 1) * 256
end

function qmux.hex(text)
  return (text:gsub("%s", ""):gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- CTL has one byte of transaction, all others two.
local function transaction_bytes(service, transaction)
  return service == 0 and string.char(transaction) or u16(transaction)
end

--- A frame of { service, client, transaction, message, kind (0: request), modem (bool) }, tlv bytes.
function qmux.frame(header, tlvs)
  local sdu = string.char(header.kind or 0) .. transaction_bytes(header.service, header.transaction)
    .. u16(header.message) .. u16(#tlvs) .. tlvs
  local body = string.char(header.modem and 0x80 or 0, header.service, header.client) .. sdu
  return "\1" .. u16(#body + 2) .. body
end

--- TLV bytes of { { type, bytes }, ... }.
function qmux.tlvs(list)
  local out = {}
  for index, tlv in ipairs(list) do out[index] = string.char(tlv[1]) .. u16(#tlv[2]) .. tlv[2] end
  return table.concat(out)
end

local function split_tlvs(data)
  local tlvs, at = {}, 1
  while at + 2 <= #data do
    local length = get_u16(data, at + 1)
    tlvs[data:byte(at)] = data:sub(at + 3, at + 2 + length)
    at = at + 3 + length
  end
  return tlvs
end

--- The parts of a whole frame; tlvs by type.
function qmux.parse(frame)
  local service, client = frame:byte(5, 6)
  local at = service == 0 and 9 or 10
  return {
    service = service, client = client, kind = frame:byte(7),
    transaction = service == 0 and frame:byte(8) or get_u16(frame, 8),
    message = get_u16(frame, at), tlvs = split_tlvs(frame:sub(at + 4)),
  }
end

--- The first whole frame of some bytes and the rest; nil while it is incomplete.
function qmux.take(data)
  if #data < 3 then return nil, data end
  local length = get_u16(data, 2) + 1
  if #data < length then return nil, data end
  return data:sub(1, length), data:sub(length + 1)
end

return qmux
