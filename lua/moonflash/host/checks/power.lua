-- A weak supply or a bad link, as far as /sys tells: a modem draws its most while it writes flash.

local nodes = require "moonflash.host.checks.ports"
local sys = require "moonflash.core.sys"
local system = require "moonflash.host.system"

local SUPPLIES = "/sys/class/power_supply/"
local LOW_PERCENT, FULL_SPEED, BUS_POWERED_MA = 25, 12, 100

-- The bits of bmAttributes are two hex digits: 0x40 means that a device has a supply of its own.
local function is_bus_powered(attributes)
  local first = tonumber((attributes or ""):match "^(%x)%x$" or "", 16)
  return first ~= nil and first % 8 < 4
end

local function slow_link(job)
  local speed = job.device.speed
  if not speed or speed > FULL_SPEED then return nil end
  return { "the modem is connected at a low speed", ("%g Mbit/s"):format(speed),
    "check cable, adapter and socket" }
end

local function weak_hub(job)
  local dev = job.device
  local hub = dev.place:match "^(.*)%.%d+$"
  local wanted = tonumber((nodes.read(job.root, dev.place, "bMaxPower") or ""):match "^%d+")
  if not hub or not wanted or wanted <= BUS_POWERED_MA then return nil end
  if not is_bus_powered(nodes.read(job.root, hub, "bmAttributes")) then return nil end
  return { "the modem hangs on a hub without a supply of its own",
    ("the modem may draw %d mA, hub %s gives %d mA"):format(wanted, hub, BUS_POWERED_MA),
    "use a hub with a supply, or a socket of the computer" }
end

local function is_low(root, name)
  local function read(file) return system.text(root, SUPPLIES .. name .. "/" .. file) end
  local capacity = tonumber(read "capacity")
  local drains = read "type" == "Battery" and read "scope" ~= "Device" and read "status" == "Discharging"
  return drains and capacity and capacity < LOW_PERCENT and capacity or nil
end

local function low_battery(job)
  for _, name in ipairs(sys.list(system.path(job.root, SUPPLIES)) or {}) do
    local capacity = is_low(job.root, name)
    if capacity then
      return { "the battery is low", ("%s: %d %%, discharging"):format(name, capacity),
        "plug the computer in" }
    end
  end
end

local function look(job)
  for _, hint in ipairs { slow_link, weak_hub, low_battery } do
    local found = hint(job)
    if found then return { warning = true, message = found[1], evidence = found[2], cure = found[3] } end
  end
end

return { name = "power", look = look }
