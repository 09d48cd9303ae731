--- What Lua 5.1 has and Lua 5.4 has not, for this library and for scripts.

local function add(names, name, value)
  if rawget(names, name) == nil then rawset(names, name, value) end
end

add(_G, "unpack", rawget(table, "unpack"))
add(_G, "loadstring", load)
add(table, "maxn", function(list)
  local most = 0
  for key in pairs(list) do most = type(key) == "number" and math.max(most, key) or most end
  return most
end)
