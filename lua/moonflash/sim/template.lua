-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Byte templates: packets in hex, as documents print them, with named fields.
--
--     template.new "26 <status:2> 01 <chunk:4>"      numbers of 1, 2 or 4 bytes, little-endian
--     template.new "25 80 <header:400b>"             400 raw bytes; a shorter value is filled up with zeros
--     template.new "01 <value:2s>"                   raw bytes with their number before them, here of 2 bytes
--     template.new "01 0c 00 <tlvs>"                 raw bytes of any length, last when matching
--
-- The simulator writes and reads packets with the same template, which can be compared with a trace.

local bytes = require "moonflash.core.bytes"

local template = {}
template.__index = template

local pack = { [1] = bytes.u8, [2] = bytes.u16le, [4] = bytes.u32le }
local get = { [1] = bytes.get_u8, [2] = bytes.get_u16le, [4] = bytes.get_u32le }

local function part(word)
  local name, size, kind = word:match("^<([%l_]+):?(%d*)([bs]?)>$")
  if not name then return { literal = assert(bytes.from_hex(word), word) } end
  return { name = name, size = tonumber(size), kind = kind == "" and size ~= "" and "number" or kind }
end

--- Compiles a template: hex bytes and fields, separated by blanks.
function template.new(text)
  local self = {}
  for word in text:gmatch("%S+") do self[#self + 1] = part(word) end
  return setmetatable(self, template)
end

local function packed(piece, value)
  if piece.kind == "number" then return pack[piece.size](value) end
  if piece.kind == "s" then return pack[piece.size](#value) .. value end
  if piece.kind == "b" then return value .. ("\0"):rep(piece.size - #value) end
  return value
end

--- Writes a packet. The values are a number or a string for each field.
function template:fill(values)
  local out = {}
  for index, piece in ipairs(self) do
    out[index] = piece.literal or packed(piece, values[piece.name])
  end
  return table.concat(out)
end

--- The values of the fields of a packet, or nil and what is wrong. Every literal byte and the length have to agree.
function template:match(text)
  local at, values = 1, {}
  for _, piece in ipairs(self) do
    local size = piece.literal and #piece.literal or piece.size or #text - at + 1
    if piece.kind == "s" then at, size = at + size, get[size](text, at) or #text + 1 end
    if size > #text - at + 1 then return nil, ("ends after %.0f bytes"):format(#text) end
    local found = text:sub(at, at + size - 1)
    if piece.name then
      values[piece.name] = piece.kind == "number" and get[size](found, 1) or found
    elseif found ~= piece.literal then
      return nil, ("byte %d is %s, not %s"):format(at - 1, bytes.hex(found), bytes.hex(piece.literal))
    end
    at = at + size
  end
  if at <= #text then return nil, ("%.0f bytes too many"):format(#text - at + 1) end
  return values
end

return template
