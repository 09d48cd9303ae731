-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Builds CWE records: a header of 400 bytes, then data, which is bytes, a stream or records. It shares only the
-- checksum with the program, so that an error in the parser shows.
-- @module tests.images.build

local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"

local build = {}

build.HEADER = 400

local function padded(text, width)
  assert(#text <= width, "text too long for its field")
  return text .. ("\0"):rep(width - #text)
end

--- The 400 bytes of a header.
-- @tparam table fields type, product, version, date, size (bytes of data), crc (of the data), and
--   optionally prefix (at most 256 bytes), header_crc, revision, indicator (4 bytes), compatibility,
--   options, signature (4 bytes)
-- @treturn string
function build.header(fields)
  local prefix = padded(fields.prefix or "", 256)
  return table.concat {
    prefix,
    bytes.u32be(fields.header_crc or crc.crc32(prefix)),
    bytes.u32be(fields.revision or 3),
    fields.indicator or "\255\255\255\255",
    padded(fields.type, 4),
    padded(fields.product or "9x30", 4),
    bytes.u32be(fields.size),
    bytes.u32be(fields.crc),
    padded(fields.version or "", 84),
    padded(fields.date or "11/30/19", 8),
    bytes.u32be(fields.compatibility or 0),
    bytes.u8(fields.options or 0),
    ("\0"):rep(3 + 3 * 4), -- reserved; storage, program and entry address
    fields.signature or "\0\0\0\1",
  }
end

local function each_of(data, sink)
  if type(data) == "string" then
    sink(data)
  elseif data.each then
    data.each(sink)
  else
    for _, child in ipairs(data) do build.each(child, sink) end
  end
end

local function measure(data)
  local size, sum = 0, nil
  if type(data) == "table" and not data.each then -- records have their sums
    for _, child in ipairs(data) do
      local head = crc.crc32(child.head)
      local whole = crc.crc32_combine(head, child.crc, child.size)
      local length = #child.head + child.size
      sum = sum and crc.crc32_combine(sum, whole, length) or whole
      size = size + length
    end
    return size, sum or crc.crc32("")
  end
  each_of(data, function(piece)
    size = size + #piece
    sum = crc.crc32(piece, sum)
  end)
  return size, sum or crc.crc32("")
end

--- A record.
-- @tparam table fields as of build.header; size and crc are those of the data unless given, to
--   make wrong records
-- @param data string, stream { each = function(sink) } or array of records
-- @treturn table record { head=, size=, crc=, data= } with size and crc of the data
function build.record(fields, data)
  local size, sum = measure(data)
  local stated = setmetatable({ size = fields.size or size, crc = fields.crc or sum }, { __index = fields })
  return { head = build.header(stated), size = size, crc = sum, data = data }
end

--- Calls sink(piece) for the bytes of a record from its first to its last.
function build.each(record, sink)
  sink(record.head)
  each_of(record.data, sink)
end

--- The bytes of a record as one string.
function build.bytes(record)
  local pieces = {}
  build.each(record, function(piece) pieces[#pieces + 1] = piece end)
  return table.concat(pieces)
end

--- Writes a record to a new file.
-- @treturn string the path; raises when the file cannot be written
function build.write(record, path)
  local file = assert(io.open(path, "wb"))
  build.each(record, function(piece) assert(file:write(piece)) end)
  assert(file:close())
  return path
end

return build
