-- OpenWrt's network interfaces that use the modem: taken down and up again by ifdown and ifup.

local paths = require "moonflash.base.paths"
local system = require "moonflash.host.system"

local netifd = { kinds = {} }

local COMMAND_MS = 15000

local function run(root, program, name)
  return system.run({ system.program(root, program) or program, name }, COMMAND_MS)
end

netifd.kinds.interface = {
  words = "the network interface %s",
  pause = function(root, name) return run(root, "ifdown", name) end,
  resume = function(root, name) return run(root, "ifup", name) end,
}

local function unquoted(text)
  return text:match "^'(.*)'$" or text:match '^"(.*)"$' or text
end

-- The sections of /etc/config/network (UCI): config TYPE 'NAME', option KEY 'VALUE'.
local function sections(root)
  local found = {}
  for line in (system.text(root, "/etc/config/network") or ""):gmatch "[^\n]+" do
    local kind, name = line:match "^%s*config%s+(%S+)%s*(%S*)"
    local key, value = line:match "^%s*option%s+(%S+)%s+(.-)%s*$"
    if kind then found[#found + 1] = { kind = unquoted(kind), name = unquoted(name), options = {} } end
    if key and found[1] then found[#found].options[unquoted(key)] = unquoted(value) end
  end
  return found
end

-- What an interface may call the modem: a port, a network device, or the device's folder in /sys
-- (protocol modemmanager).
local function names_of(root, dev)
  local names = {}
  for _, interface in ipairs(dev.interfaces) do
    for _, path in ipairs { interface.control or false, interface.tty or false } do
      if path then names[paths.without(root, path)] = true end
    end
    if interface.net then names[interface.net] = true end
  end
  names[system.device_path(root, dev) or ""] = true
  return names
end

local function uses(options, names, dev)
  return names[options.device] or names[options.ifname]
    or options.proto == "wwan" and options.bus == dev.place
end

-- An interface that was taken down by hand stays down.
local function is_wanted(ubus, name)
  local text = system.output({ ubus, "call", "network.interface." .. name, "status" }, COMMAND_MS)
  return text ~= nil and text:match '"autostart":%s*true' ~= nil
end

--- The interfaces that use a modem and are not down.
-- @tparam string root
-- @tparam table dev
-- @treturn table array of { kind, name }
function netifd.find(root, dev)
  local ubus, found = system.program(root, "ubus"), {}
  if not ubus or not system.program(root, "ifdown") then return found end
  local names = names_of(root, dev)
  for _, section in ipairs(sections(root)) do
    if section.kind == "interface" and section.name ~= "" and uses(section.options, names, dev)
      and is_wanted(ubus, section.name) then
      found[#found + 1] = { kind = "interface", name = section.name }
    end
  end
  return found
end

return netifd
