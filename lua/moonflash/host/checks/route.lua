-- Which network interface leads to an address, from the kernel's tables in /proc/net.

local bytes = require "moonflash.core.bytes"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local route = {}

local LITTLE_ENDIAN, BYTE_ORDER_AT = 1, 6 -- EI_DATA of an ELF file

-- /proc/net/route prints addresses as numbers of this machine: their bytes may be reversed.
local function is_little_endian()
  local head = sys.read_file("/proc/self/exe", BYTE_ORDER_AT) or ""
  return head:byte(BYTE_ORDER_AT) == LITTLE_ENDIAN
end

-- "C0A80201" in the order of the network, from the table's text.
local function in_order(text, reversed)
  if not reversed then return text end
  return (text:gsub("(%x%x)(%x%x)(%x%x)(%x%x)", "%4%3%2%1"))
end

local function bits(hex)
  return (hex:gsub("%x", function(digit)
    local value, text = tonumber(digit, 16), ""
    for _, weight in ipairs { 8, 4, 2, 1 } do
      text = text .. (value >= weight and "1" or "0")
      value = value % weight
    end
    return text
  end))
end

local function address4(text)
  local parts = { text:match "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$" }
  local hex = ""
  for _, part in ipairs(parts) do hex = hex .. bytes.hex_number(tonumber(part), 2) end
  return #hex == 8 and bits(hex) or nil
end

-- The interface of the longest route that begins as the address does; of equals the first.
local function longest(address, routes)
  local best, length = nil, -1
  for _, entry in ipairs(routes) do
    if #entry.prefix > length and address:sub(1, #entry.prefix) == entry.prefix then
      best, length = entry.interface, #entry.prefix
    end
  end
  return best
end

-- Iface Destination Gateway Flags RefCnt Use Metric Mask ...
local function routes4(root)
  local routes, reversed = {}, is_little_endian()
  for line in (system.text(root, "/proc/net/route") or ""):gmatch "[^\n]+" do
    local interface, destination, mask =
      line:match "^(%S+)%s+(%x%x%x%x%x%x%x%x)%s+%x+%s+%x+%s+%S+%s+%S+%s+%S+%s+(%x%x%x%x%x%x%x%x)"
    if interface then
      local length = #(bits(in_order(mask, reversed)):match "^1*")
      routes[#routes + 1] =
        { interface = interface, prefix = bits(in_order(destination, reversed)):sub(1, length) }
    end
  end
  return routes
end

-- destination length source length gateway metric references use flags interface
local function routes6(root)
  local routes = {}
  for line in (system.text(root, "/proc/net/ipv6_route") or ""):gmatch "[^\n]+" do
    local destination, length, interface = line:match "^(%x+) (%x%x) .-(%S+)%s*$"
    if destination and #destination == 32 then
      routes[#routes + 1] = { interface = interface, prefix = bits(destination):sub(1, tonumber(length, 16)) }
    end
  end
  return routes
end

local function groups(text)
  local hex = ""
  for group in text:gmatch "%x+" do hex = hex .. ("0"):rep(4 - #group) .. group:lower() end
  return hex
end

local function address6(text)
  local before, after = text:match "^([%x:]-)::([%x:]*)$"
  local hex = groups(before or text)
  local tail = after and groups(after) or ""
  hex = hex .. ("0"):rep(after and 32 - #hex - #tail or 0) .. tail
  return #hex == 32 and bits(hex) or nil
end

--- The interface through which packets to an address leave.
-- @tparam string root
-- @tparam string address "192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7", "fe80::7%wwan0"
-- @treturn ?string its name
function route.to(root, address)
  local zone = address:match "%%(.+)$"
  if zone then return zone end
  local four = address4((address:gsub("^::[fF][fF][fF][fF]:", "")))
  if four then return longest(four, routes4(root)) end
  local six = address6(address)
  return six and longest(six, routes6(root))
end

return route
