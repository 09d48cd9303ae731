--- Tables: copies, and keys in order.

require "moonflash.base.lua51"
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

return tables
