-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

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

-- MBIM messages: u32 type, u32 length, u32 transaction, then for commands (type 3): fragments 1, 0,
-- service, u32 CID 1, u32 type of command (1: set) or status, u32 length of the QMUX frame.
-- Source: libmbim, mbim-message.c; tests/vectors/qmi-over-mbim-fcc-auth.txt.
local QMI_COMMAND = "\1\0\0\0\0\0\0\0" .. qmux.hex "d1a30bc2f97a6e43bf65c7e24fb0f0d3" .. "\1\0\0\0"

local function u32(number)
  return u16(number % 65536) .. u16(math.floor(number / 65536))
end

local function mbim_answer(kind, transaction, body)
  return string.char(kind, 0, 0, 0x80) .. u32(12 + #body) .. transaction .. body
end

--- The parts of an MBIM message: kind 1 open, 2 close, 3 command (of `command`); frame: the QMUX
-- frame inside, nil for any other command.
function qmux.parse_mbim(data)
  local parts = { kind = get_u16(data, 1), transaction = data:sub(9, 12), command = data:sub(13, 40) }
  if data:sub(13, 44) == QMI_COMMAND .. "\1\0\0\0" then parts.frame = data:sub(49) end
  return parts
end

--- What a modem says to an opening, a closing or a command that are fine.
function qmux.mbim_done(parts)
  local done = "\0\0\0\0"
  if parts.kind == 3 then done = parts.command .. done .. "\0\0\0\0" end
  return mbim_answer(parts.kind, parts.transaction, done)
end

--- A QMUX frame in the answer to an MBIM command.
function qmux.in_mbim(frame, transaction)
  return mbim_answer(3, transaction, QMI_COMMAND .. "\0\0\0\0" .. u32(#frame) .. frame)
end

--- The first whole MBIM message of some bytes and the rest; nil while it is incomplete.
function qmux.take_mbim(data)
  local length = #data >= 12 and get_u16(data, 5)
  if not length or #data < length then return nil, data end
  return data:sub(1, length), data:sub(length + 1)
end

--- The first whole frame of some bytes and the rest; nil while it is incomplete.
function qmux.take(data)
  if #data < 3 then return nil, data end
  local length = get_u16(data, 2) + 1
  if #data < length then return nil, data end
  return data:sub(1, length), data:sub(length + 1)
end

return qmux
