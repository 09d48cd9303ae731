-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Bytes that look random and are the same for the same seed, in pieces, so that an image of any
-- size costs little time and memory.
-- @module tests.images.content

local content = {}

local PIECE = 65536

-- Wichmann and Hill's three small generators: no product reaches 2^31, so every Lua counts alike.
local function random_bytes(seed, count)
  local x, y, z = seed % 30000 + 1, seed % 29989 + 17, seed % 28001 + 29
  local characters = {}
  for i = 1, count do
    x, y, z = x * 171 % 30269, y * 172 % 30307, z * 170 % 30323
    characters[i] = string.char((x + y + z) % 256)
  end
  return table.concat(characters)
end

local blocks = setmetatable({}, { __mode = "v" })

local function block_of(seed)
  local block = blocks[seed]
  if not block then
    block = random_bytes(seed, PIECE)
    blocks[seed] = block
  end
  return block
end

--- A stream of bytes for build.record.
-- @tparam number size bytes in all
-- @tparam number seed whole number from 0
-- @tparam[opt=0] number stream streams of one seed differ by this
-- @treturn table { size=, each=function(sink) } which calls sink(piece) for one piece after another
function content.stream(size, seed, stream)
  local function each(sink)
    local block, left, turn = block_of(seed), size, (stream or 0) * 7919
    while left > 0 do
      local from = turn % PIECE
      sink((block:sub(from + 1) .. block:sub(1, from)):sub(1, left))
      left, turn = left - PIECE, turn + 257
    end
  end
  return { size = size, each = each }
end

--- The same bytes at once.
function content.bytes(size, seed, stream)
  local pieces = {}
  content.stream(size, seed, stream).each(function(piece) pieces[#pieces + 1] = piece end)
  return table.concat(pieces)
end

return content
