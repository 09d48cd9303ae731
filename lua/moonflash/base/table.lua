-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Tables: copies, keys in order, and functions that are not in every version of Lua.

local tables = {}

--- A new table with the fields of all given ones; a later one overrides an earlier one, nil is passed over.
function tables.merge(...)
  local merged = {}
  for index = 1, select("#", ...) do
    for key, value in pairs((select(index, ...)) or {}) do merged[key] = value end
  end
  return merged
end

--- The keys of a table, sorted; `comes_before` as for table.sort.
function tables.sorted_keys(map, comes_before)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys, comes_before)
  return keys
end

--- `unpack` and `table.maxn` of Lua 5.1.
tables.unpack = unpack or rawget(table, "unpack")
tables.maxn = table.maxn or function(list)
  local most = 0
  for key in pairs(list) do most = type(key) == "number" and math.max(most, key) or most end
  return most
end

return tables
