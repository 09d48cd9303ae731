-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Bytes seen on real wires, and worked examples with computed checksums: the files beside this one.
--
-- A line is `[>|<|tlv TT] hex bytes [(note)]`; ">" is sent by the host, "<" by the modem. Lines that
-- begin with "#" tell the source.
--
--     local vectors = require "tests.vectors.init"
--     vectors.load("qdl-em7455-reset")     --> { { direction = ">", bytes = "\126\45\159\10\126" } }
--     vectors.bytes("cwe-nvup-disableb5")  --> the bytes of all its lines, end to end
--     vectors.named("qdl-examples")        --> { ["reset"] = bytes, ... } by note
-- @module tests.vectors

local vectors = {}

local folder = debug.getinfo(1, "S").source:match("^@(.*)/") or "."

-- The bytes at the start of a text, as far as it is pairs of hex digits, and the rest.
local function leading_bytes(text)
  local out, at = {}, 1
  while true do
    local pair, after = text:match("^%s*(%x%x)()%f[%X]", at)
    if not pair then return table.concat(out), text:sub(at) end
    out[#out + 1] = string.char(tonumber(pair, 16))
    at = after
  end
end

local function parse(line)
  local direction, rest = line:match("^([<>])(.*)")
  local tlv, value = line:match("^tlv (%x%x)(.*)")
  local bytes, note = leading_bytes(rest or value or line)
  return {
    direction = direction,
    tlv = tlv and tonumber(tlv, 16),
    bytes = bytes,
    note = note:match("%((.*)%)"),
  }
end

--- The lines of a file.
-- @tparam string name the file's name without its ending
-- @treturn {table,...} direction ">" or "<" or nil, tlv number or nil, bytes, note or nil
function vectors.load(name)
  local lines = {}
  for line in io.lines(folder .. "/" .. name .. ".txt") do
    if line:find("%S") and not line:find("^#") then lines[#lines + 1] = parse(line) end
  end
  return lines
end

--- All bytes of a file, end to end.
-- @tparam string name
-- @treturn string
function vectors.bytes(name)
  local out = {}
  for _, line in ipairs(vectors.load(name)) do out[#out + 1] = line.bytes end
  return table.concat(out)
end

--- The bytes of each line by its note.
-- @tparam string name
-- @treturn {[string]=string,...}
function vectors.named(name)
  local out = {}
  for _, line in ipairs(vectors.load(name)) do out[line.note] = line.bytes end
  return out
end

return vectors
