-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The computer: login, memory, autosuspend, power supply, virtual machine.

local paths = require "moonflash.base.paths"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"
local sysfs = require "moonflash.device.sysfs"
local system = require "moonflash.host.system"

-- --- login: one over the modem is cut off by the update that it starts ------------------------------------

local MOST_ANCESTORS, ROUTE_MS = 32, 5000

-- sudo removes SSH_CONNECTION from the environment of its child, but not from that of its own parents.
local function ssh_peer(root)
  local pid = "self"
  for _ = 1, MOST_ANCESTORS do
    local environment = system.text(root, "/proc/" .. pid .. "/environ") or ""
    local peer = ("\0" .. environment):match "%zSSH_CONNECTION=([^%z%s]+)"
    if peer then return peer end
    pid = (system.text(root, "/proc/" .. pid .. "/status") or ""):match "PPid:%s*(%d+)"
    if not pid or pid == "0" then return nil end
  end
end

-- The interface that leads to "192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7" or "fe80::7%wwan0".
-- `ip` prints: 192.0.2.7 via 198.51.100.1 dev wwan0 src 198.51.100.9 ...
local function interface_to(root, address)
  local zone = address:match "%%(.+)$"
  local ip = not zone and system.program(root, "ip")
  if not ip then return zone end
  address = address:gsub("^::[fF][fF][fF][fF]:(%d)", "%1")
  local route = process.output({ ip, address:find ":" and "-6" or "-4", "route", "get", address }, ROUTE_MS)
  return (route or ""):match " dev (%S+)"
end

--- The interface of the job's modem that leads to an address; nil when the way is another, or unknown.
local function way_over_modem(job, address)
  local through = interface_to(job.root, address)
  for _, interface in ipairs(through and job.device.interfaces or {}) do
    if interface.net == through then return through end
  end
end

local function find_login(job)
  local peer = ssh_peer(job.root)
  local through = peer and way_over_modem(job, peer)
  return through and {
    message = "this login comes over the modem: the update would cut it off",
    evidence = ("the route to %s is %s"):format(peer, through),
    hint = "log in another way, or run detached (nohup) and look at the result later",
  }
end

-- --- memory: an image passes through two chunks, whatever its size ----------------------------------------

local PROGRAM_KB, CHUNK_BYTES, KB = 8 * 1024, 1048576, 1024

local function find_little_memory(job)
  local available = tonumber((system.text(job.root, "/proc/meminfo") or ""):match "MemAvailable:%s*(%d+)")
  local needed = PROGRAM_KB + 2 * math.ceil((job.options.chunk_size or CHUNK_BYTES) / KB)
  if not available or available >= needed then return nil end
  return {
    message = "there is too little free memory",
    evidence = ("%d kB available, %d kB needed"):format(available, needed),
    hint = "stop programs, remove files from /tmp, or use a smaller --chunk-size",
  }
end

-- --- autosuspend: the kernel suspends an idle modem; it is switched off while the job runs. A rule of udev may
-- switch it on again for the modem in download mode, which is a new device of the kernel -------------------

local UDEV, UDEV_MS, POLL_MS = "/run/udev/", 2000, 20

-- udev applies its rules some time after the kernel has announced a device. It then writes a file named by the kind and
-- the number of the device node; other machines have no udev.
local function await_udev(dev)
  local number = sys.read_file(sysfs.device_folder(dev.root, dev.place) .. "/dev")
  if not number or not sys.stat(paths.below(dev.root, UDEV .. "control")) then return end
  local path = paths.below(dev.root, UDEV .. "data/c" .. number:match "[%d:]*")
  local deadline = sys.clock_ms() + UDEV_MS
  while not sys.stat(path) and sys.clock_ms() < deadline do sys.sleep_ms(POLL_MS) end
end

local function control_of(dev)
  return sysfs.device_folder(dev.root, dev.place) .. "/power/control"
end

local function may_suspend(dev)
  return (sys.read_file(control_of(dev)) or ""):match "^auto" ~= nil
end

local function find_autosuspend(job)
  local path = control_of(job.device)
  if not may_suspend(job.device) or sys.access(path, "w") then return nil end
  return {
    warning = true, message = "the kernel may suspend the modem (autosuspend)",
    evidence = path .. " is auto and not writable", hint = "run as root: autosuspend is then off during the run",
  }
end

-- A modem that is gone needs no restoring.
local function restore_autosuspend(job)
  local path = control_of(job.device)
  if not sys.stat(path) then return true end
  return sys.write_file(path, "auto")
end

-- A file that cannot be written is a finding.
local function switch_autosuspend_off(job)
  await_udev(job.device)
  if not may_suspend(job.device) or not sys.write_file(control_of(job.device), "on") then return true end
  if not job.restores_autosuspend then
    job:note "autosuspend is off during this run"
    job:restore("restore autosuspend", restore_autosuspend)
  end
  job.restores_autosuspend = true
  return true
end

-- --- power: a modem draws most while it writes flash ------------------------------------------------------

local SUPPLIES = "/sys/class/power_supply"
local LOW_PERCENT, FULL_SPEED_MBIT, BUS_POWERED_MA = 25, 12, 100

local function find_slow_link(job)
  local speed = job.device.speed
  if not speed or speed > FULL_SPEED_MBIT then return nil end
  return { message = "the modem is connected at a low speed", evidence = ("%g Mbit/s"):format(speed),
    hint = "check cable, adapter and socket" }
end

-- bmAttributes is two hex digits; bit 0x40 means self-powered.
local function is_bus_powered(attributes)
  local first = tonumber((attributes or ""):match "^(%x)%x$" or "", 16)
  return first ~= nil and first % 8 < 4
end

local function find_weak_hub(job)
  local root, place = job.root, job.device.place
  local hub = place:match "^(.*)%.%d+$"
  local wanted = tonumber((sysfs.attribute(root, place, "bMaxPower") or ""):match "^%d+")
  if not hub or not wanted or wanted <= BUS_POWERED_MA then return nil end
  if not is_bus_powered(sysfs.attribute(root, hub, "bmAttributes")) then return nil end
  return { message = "the modem is on a hub without its own power supply",
    evidence = ("the modem may draw %d mA, hub %s provides %d mA"):format(wanted, hub, BUS_POWERED_MA),
    hint = "use a powered hub, or a socket of the computer" }
end

-- The charge of a battery of the computer that discharges and is low. A scope of "Device" is a mouse's.
local function low_charge(root, name)
  local function read(file) return system.text(root, ("%s/%s/%s"):format(SUPPLIES, name, file)) end
  local capacity = tonumber(read "capacity")
  local discharges = read "type" == "Battery" and read "scope" ~= "Device" and read "status" == "Discharging"
  return discharges and capacity and capacity < LOW_PERCENT and capacity or nil
end

local function find_low_battery(job)
  for _, name in ipairs(sys.list(paths.below(job.root, SUPPLIES)) or {}) do
    local capacity = low_charge(job.root, name)
    if capacity then
      return { message = "the battery is low", evidence = ("%s: %d %%, discharging"):format(name, capacity),
        hint = "connect the computer to its power supply" }
    end
  end
end

local function find_weak_power(job)
  local finding = find_slow_link(job) or find_weak_hub(job) or find_low_battery(job)
  if finding then finding.warning = true end
  return finding
end

-- --- virtual machine: it gets USB devices by their ids, and a modem in download mode has other ids ---------

local DMI = "/sys/class/dmi/id/"

-- Patterns of files that only virtual machines match. WSL names itself in the kernel's release; Hyper-V, VirtualBox and
-- Parallels in the product name, since their vendor is no sign.
local signs = {
  { "/proc/sys/kernel/osrelease", "[Mm]icrosoft" },
  { DMI .. "sys_vendor", "^QEMU", "^VMware", "^Xen", "^Bochs" },
  { DMI .. "product_name", "Virtual", "^KVM", "^BHYVE", "^Standard PC %(" },
}

local function find_sign(root)
  for _, sign in ipairs(signs) do
    local text = system.text(root, sign[1]) or ""
    for index = 2, #sign do
      if text:find(sign[index]) then return text, sign[1] end
    end
  end
end

local function find_virtual_machine(job)
  local text, path = find_sign(job.root)
  if not text then return nil end
  -- Only advice: where the whole USB controller is passed through, or the bus is this machine's own, the update works.
  return {
    advice = true, message = "this is a virtual machine", evidence = ("%s is %s"):format(path, text),
    hint = "pass the modem through with the ids of all its modes: " .. table.concat(job.device.ids, " "),
  }
end

return {
  { name = "session", look = find_login },
  { name = "memory", look = find_little_memory },
  { name = "autosuspend", look = find_autosuspend, prepare = switch_autosuspend_off, each_time = true },
  { name = "power", look = find_weak_power },
  { name = "hypervisor", look = find_virtual_machine },
  way_over_modem = way_over_modem,
}
