--- A login over the modem itself is cut off by the update it starts.

local bytes = require "moonflash.core.bytes"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local MOST_ANCESTORS = 32

-- --- addresses, as texts of the digits 0 and 1 ------------------------------------------------------------

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

local function ipv4_bits(text)
  local hex = ""
  for _, part in ipairs { text:match "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$" } do
    hex = hex .. bytes.hex_number(tonumber(part), 2)
  end
  return #hex == 8 and bits(hex) or nil
end

-- "2001:db8" as 20010db8.
local function groups(text)
  local hex = ""
  for group in text:gmatch "%x+" do hex = hex .. ("0"):rep(4 - #group) .. group end
  return hex
end

local function ipv6_bits(text)
  local head, tail = text:match "^([%x:]-)::([%x:]*)$"
  local hex = groups(head or text)
  tail = tail and groups(tail)
  if tail then hex = hex .. ("0"):rep(32 - #hex - #tail) .. tail end
  return #hex == 32 and bits(hex) or nil
end

-- --- the routes of the kernel: { interface, prefix } ------------------------------------------------------

local LITTLE_ENDIAN, BYTE_ORDER_AT = 1, 6 -- EI_DATA of an ELF file

-- /proc/net/route prints addresses as numbers in the byte order of this machine.
local function network_order(hex)
  local elf = sys.read_file("/proc/self/exe", BYTE_ORDER_AT) or ""
  if elf:byte(BYTE_ORDER_AT) ~= LITTLE_ENDIAN then return hex end
  return (hex:gsub("(%x%x)(%x%x)(%x%x)(%x%x)", "%4%3%2%1"))
end

-- Iface Destination Gateway Flags RefCnt Use Metric Mask ...
local function ipv4_route(line)
  local interface, destination, mask =
    line:match "^(%S+)%s+(%x%x%x%x%x%x%x%x)%s+%x+%s+%x+%s+%S+%s+%S+%s+%S+%s+(%x%x%x%x%x%x%x%x)"
  if not interface then return nil end
  local length = #bits(network_order(mask)):match "^1*"
  return { interface = interface, prefix = bits(network_order(destination)):sub(1, length) }
end

-- destination length source length gateway metric references use flags interface
local function ipv6_route(line)
  local destination, length, interface = line:match "^(%x+) (%x%x) .-(%S+)%s*$"
  if not destination or #destination ~= 32 then return nil end
  return { interface = interface, prefix = bits(destination):sub(1, tonumber(length, 16)) }
end

-- The interface of the longest matching route; the first of equal ones.
local function interface_of(address, table_text, parse)
  local best, length = nil, -1
  for line in (table_text or ""):gmatch "[^\n]+" do
    local route = parse(line)
    if route and #route.prefix > length and address:sub(1, #route.prefix) == route.prefix then
      best, length = route.interface, #route.prefix
    end
  end
  return best
end

-- The interface that leads to "192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7" or "fe80::7%wwan0".
local function interface_to(root, address)
  local zone = address:match "%%(.+)$"
  if zone then return zone end
  local ipv4 = ipv4_bits((address:gsub("^::[fF][fF][fF][fF]:", "")))
  if ipv4 then return interface_of(ipv4, system.text(root, "/proc/net/route"), ipv4_route) end
  local ipv6 = ipv6_bits(address)
  return ipv6 and interface_of(ipv6, system.text(root, "/proc/net/ipv6_route"), ipv6_route)
end

-- --- the check --------------------------------------------------------------------------------------------

-- sudo removes SSH_CONNECTION from the environment of its child, but not from that of its own parents.
local function ssh_peer(root)
  local process = "self"
  for _ = 1, MOST_ANCESTORS do
    local environment = system.text(root, "/proc/" .. process .. "/environ") or ""
    local peer = ("\0" .. environment):match "%zSSH_CONNECTION=([^%z%s]+)"
    if peer then return peer end
    process = (system.text(root, "/proc/" .. process .. "/status") or ""):match "PPid:%s*(%d+)"
    if not process or process == "0" then return nil end
  end
end

local function look(job)
  local peer = ssh_peer(job.root)
  local through = peer and interface_to(job.root, peer)
  for _, interface in ipairs(through and job.device.interfaces or {}) do
    if interface.net == through then
      return {
        message = "this login comes over the modem: the update would cut it off",
        evidence = ("the route to %s is %s"):format(peer, through),
        hint = "log in another way, or run detached (nohup) and look at the result later",
      }
    end
  end
end

return { { name = "session", look = look } }
