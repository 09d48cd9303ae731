-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Zip archives: local header and data of each member, then the directory at the end.
-- Deflated members are made of stored blocks, which every inflater must take; so no compressor is needed.
--
--     zip.bytes { { "a.cwe", bytes }, { "b.nvu", bytes, deflated = true, size_after = true } }
--
-- A member may have: deflated (else stored), size_after (its size and checksum stand behind the data, as
-- in archives written to a pipe), packed (its data as a compressor made it), crc (a wrong one), method
-- (another number), flags (added).
-- @module tests.images.zip

local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"

local zip = {}

local LOCAL, CENTRAL, DESCRIPTOR, END = "PK\3\4", "PK\1\2", "PK\7\8", "PK\5\6"
local STORED, DEFLATED = 0, 8
local SIZE_AFTER = 8
local BLOCK = 60000
local VERSION, DATE = 20, "\0\0\33\80"

local function deflate(data)
  local out, at = {}, 1
  repeat
    local piece = data:sub(at, at + BLOCK - 1)
    at = at + #piece
    local last = at > #data and "\1" or "\0"
    out[#out + 1] = last .. bytes.u16le(#piece) .. bytes.u16le(65535 - #piece) .. piece
  until at > #data
  return table.concat(out)
end

-- Method, times, checksum and sizes; these are zero where they follow the data.
local function common(member, packed, later)
  local sum, size, length = member.crc, #packed, #member[2]
  if later then sum, size, length = 0, 0, 0 end
  local method = (member.deflated or member.packed) and DEFLATED or STORED
  return bytes.u16le((member.size_after and SIZE_AFTER or 0) + (member.flags or 0))
    .. bytes.u16le(member.method or method) .. DATE
    .. bytes.u32le(sum) .. bytes.u32le(size) .. bytes.u32le(length)
    .. bytes.u16le(#member[1]) .. bytes.u16le(0)
end

local function sums(member, packed)
  return bytes.u32le(member.crc) .. bytes.u32le(#packed) .. bytes.u32le(#member[2])
end

--- The bytes of an archive.
-- @tparam table members see above
-- @treturn string
function zip.bytes(members)
  local out, directory, at = {}, {}, 0
  for _, member in ipairs(members) do
    local packed = member.packed or member.deflated and deflate(member[2]) or member[2]
    member.crc = member.crc or 4294967295 - crc.crc32(member[2])
    local data = LOCAL .. bytes.u16le(VERSION) .. common(member, packed, member.size_after)
      .. member[1] .. packed .. (member.size_after and DESCRIPTOR .. sums(member, packed) or "")
    directory[#directory + 1] = CENTRAL .. bytes.u16le(VERSION) .. bytes.u16le(VERSION)
      .. common(member, packed) .. ("\0"):rep(10) .. bytes.u32le(at) .. member[1]
    out[#out + 1], at = data, at + #data
  end
  local listed = table.concat(directory)
  return table.concat(out) .. listed .. END .. ("\0"):rep(4) .. bytes.u16le(#members) .. bytes.u16le(#members)
    .. bytes.u32le(#listed) .. bytes.u32le(at) .. "\0\0"
end

return zip
