--- moonflash devices
local outcome = require "moonflash.commands.outcome"
local shape = require "moonflash.cli.shape"
local text = require "moonflash.cli.text"

local function ports_of(device)
  local nodes, ports = device.nodes or {}, {}
  for _, kind in ipairs { "qmi", "mbim" } do
    for _, path in ipairs(nodes[kind] or {}) do ports[#ports + 1] = kind .. " " .. path end
  end
  for _, kind in ipairs { "at", "diag", "qdl" } do
    ports[#ports + 1] = nodes[kind] and kind .. " " .. nodes[kind]
  end
  return table.concat(ports, ", ")
end

local function row_of(device)
  return {
    device.place, device.model or "unknown", device.vid .. ":" .. device.pid,
    device.mode, device.serial or "-", ports_of(device),
  }
end

local function say_missing(out, device)
  for _, missing in ipairs(device.missing or {}) do
    out:say(("%s: interface %s has no driver: load %s (OpenWrt: install %s)"):format(
      device.place, tostring(missing.interface), missing.module, missing.package))
  end
end

local function say_table(out, devices)
  local rows = { { "PLACE", "MODEL", "USB ID", "MODE", "SERIAL", "PORTS" } }
  for _, device in ipairs(devices) do rows[#rows + 1] = row_of(device) end
  for _, line in ipairs(text.columns(rows)) do out:say(line) end
  for _, device in ipairs(devices) do say_missing(out, device) end
end

return {
  name = "devices",
  usage = "",
  summary = "modems present: place, model, mode, ports, what is missing",
  run = function(wanted)
    local use, out = wanted.use, wanted.out
    local devices = use.device.list(wanted.root, (use.flash.models(wanted.emit)))
    out:object(shape.devices(devices))
    if devices[1] then
      say_table(out, devices)
    else
      out:say "no modem seen; if one is plugged in, look at `lsusb` and `dmesg`"
    end
    return outcome.good()
  end,
}
