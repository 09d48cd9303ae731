--- Memory, autosuspend and the power supply, as far as /proc and /sys tell.

local paths = require "moonflash.base.paths"
local sys = require "moonflash.core.sys"
local sysfs = require "moonflash.device.sysfs"
local system = require "moonflash.host.system"

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

-- --- autosuspend: the kernel suspends an idle modem; it is switched off while the job runs ----------------

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

local function switch_autosuspend_off(job)
  if not may_suspend(job.device) then return true end
  local written, problem = sys.write_file(control_of(job.device), "on")
  if written then
    job:note "autosuspend is off during this run"
    job:restore("restore autosuspend", restore_autosuspend)
  else
    job:warn(problem.code, "autosuspend stays on: " .. tostring(problem))
  end
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

return {
  { name = "memory", look = find_little_memory },
  { name = "autosuspend", look = find_autosuspend, prepare = switch_autosuspend_off },
  { name = "power", look = find_weak_power },
}
