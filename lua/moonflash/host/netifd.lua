-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- OpenWrt's network interfaces that use the modem, as entries of the paused services file.

local paths = require "moonflash.base.paths"
local process = require "moonflash.base.process"
local system = require "moonflash.host.system"

local netifd = {}

local COMMAND_MS = 15000

-- The sections of /etc/config/network: network.NAME=TYPE, network.NAME.OPTION='VALUE'. -X prints netifd's names.
local function read_sections(root)
  local sections, uci = {}, system.program(root, "uci")
  local argv = { uci, "-q", "-X", "-c", paths.below(root, "/etc/config"), "show", "network" }
  for line in (uci and process.output(argv, COMMAND_MS) or ""):gmatch "[^\n]+" do
    local name, kind = line:match "^network%.([^.=]+)=(.+)$"
    local key, value = line:match "^network%.[^.=]+%.([^.=]+)='(.*)'$"
    if kind then sections[#sections + 1] = { kind = kind, name = name, options = {} } end
    if key and sections[1] then sections[#sections].options[key] = value end
  end
  return sections
end

-- The names that an interface may have for the modem: ports, network devices, and the modem's folder in /sys (protocol
-- modemmanager). A set.
local function names_of(root, dev)
  local names = {}
  local function add(name) if name then names[name] = true end end
  for _, interface in ipairs(dev.interfaces) do
    add(interface.control and paths.without(root, interface.control))
    add(interface.tty and paths.without(root, interface.tty))
    add(interface.net)
  end
  add(system.device_path(root, dev))
  return names
end

local function uses(options, names, dev)
  return names[options.device] or names[options.ifname]
    or options.proto == "wwan" and options.bus == dev.place
end

-- An interface that the user took down has autostart false.
local function is_up(ubus, name)
  local text = process.output({ ubus, "call", "network.interface." .. name, "status" }, COMMAND_MS)
  return text ~= nil and text:match '"autostart":%s*true' ~= nil
end

--- The interfaces that use a modem and were not taken down by the user: an array of { kind = "interface", name }.
function netifd.find(root, dev)
  local ubus, found = system.program(root, "ubus"), {}
  if not ubus or not system.program(root, "ifdown") then return found end
  local names = names_of(root, dev)
  for _, section in ipairs(read_sections(root)) do
    if section.kind == "interface" and uses(section.options, names, dev) and is_up(ubus, section.name) then
      found[#found + 1] = { kind = "interface", name = section.name }
    end
  end
  return found
end

return netifd
