-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What a mistyped word was meant to be.

local spelling = {}

local LEAST_PREFIX = 4 -- characters

-- How many letters are wrong, missing, too many, or swapped with their neighbour.
local function mistakes(word, known)
  local rows = { [0] = {} }
  for j = 0, #known do rows[0][j] = j end
  for i = 1, #word do
    rows[i] = { [0] = i }
    for j = 1, #known do
      local differs = word:byte(i) ~= known:byte(j) and 1 or 0
      local least = math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + differs)
      local is_swapped = i > 1 and j > 1 and word:byte(i) == known:byte(j - 1) and word:byte(i - 1) == known:byte(j)
      rows[i][j] = is_swapped and math.min(least, rows[i - 2][j - 2] + 1) or least
    end
  end
  return rows[#word][#known]
end

local function unlikeness(word, known)
  if #word >= LEAST_PREFIX and known:sub(1, #word) == word then return 0 end
  return mistakes(word, known)
end

--- The one of the known words, an array, that is like a word: it begins with it, or has a mistake for each three
-- letters at most. nil when none is.
function spelling.closest(word, known)
  local found, least = nil, math.floor(#word / 3) + 1
  for _, candidate in ipairs(known) do
    local unlike = unlikeness(word, candidate)
    if unlike < least then found, least = candidate, unlike end
  end
  return found
end

return spelling
