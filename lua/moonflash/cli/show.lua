-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What `devices`, `status` and `plan` print: functions of the output and what the library returned.

local text = require "moonflash.cli.text"

local show = {}

local function ports_of(device)
  local nodes, ports = device.nodes or {}, {}
  for _, kind in ipairs { "qmi", "mbim" } do
    for _, path in ipairs(nodes[kind] or {}) do ports[#ports + 1] = kind .. " " .. path end
  end
  for _, kind in ipairs { "at", "diag", "qdl" } do
    ports[#ports + 1] = nodes[kind] and kind .. " " .. nodes[kind]
  end
  return ports
end

local function name_of(device)
  return device.model or device.other and device.other.name .. " (not supported)" or "unknown"
end

local function words_of_missing(missing)
  if missing.holder then
    return ("is held by %s: end the program or virtual machine that uses the modem"):format(missing.holder)
  end
  if missing.over_usb then return "has no driver: it is reached over USB" end
  return ("has no driver: load %s (OpenWrt: install %s)"):format(missing.module, missing.package)
end

--- The modems, one row each, and the drivers that are missing; without modems the obstacle, in words, if there is one.
function show.devices(out, devices, obstacle)
  out:object("devices", { devices = devices })
  if not devices[1] then
    return out:say(obstacle and "no modem seen: " .. obstacle
      or "no modem seen; if one is plugged in, look at `lsusb` and `dmesg`")
  end
  local rows = { { "PLACE", "MODEL", "USB ID", "MODE", "SERIAL", "PORTS" } }
  for _, device in ipairs(devices) do
    local ports = ports_of(device)
    rows[#rows + 1] = { device.place, name_of(device), device.vid .. ":" .. device.pid, device.mode,
      device.serial or "-", ports[1] or "-" }
    for index = 2, #ports do rows[#rows + 1] = { "", "", "", "", "", ports[index] } end
  end
  out:rows(rows)
  for _, device in ipairs(devices) do
    for _, missing in ipairs(device.missing or {}) do
      local what = words_of_missing(missing)
      out:say(("%s: interface %s %s"):format(device.place, tostring(missing.interface), what))
    end
  end
end

local function words_of(device)
  return ("%s at %s, %s mode"):format(name_of(device), device.place, device.mode)
end

local function say_versions(out, label, versions)
  if versions then out:say(label .. (text.versions(versions) or "unknown")) end
end

local function say_stored(out, stored)
  local rows = {}
  for index, image in ipairs(stored) do
    rows[index] = { "  " .. image.type, image.slot and ("slot %.0f"):format(image.slot) or "", image.build_id,
      image.unique_id, image.failures > 0 and ("%.0f failures"):format(image.failures) or "",
      image.active and "running" or "" }
  end
  if rows[1] then out:say "stored:" end
  out:rows(rows)
end

local function say_checks(out, checks)
  local rows = {}
  for _, check in ipairs(checks) do
    rows[#rows + 1] = { "  " .. check.state, check.name, check.message }
    if check.fix and check.fix ~= "" then rows[#rows + 1] = { "", "", "to do: " .. check.fix } end
  end
  if rows[1] then out:say "checks:" end
  out:rows(rows)
end

--- The state of one modem.
function show.status(out, result)
  local seen = result.status
  if not seen then return end
  out:object("status", seen)
  out:say("modem:     " .. words_of(seen.device))
  say_versions(out, "runs:      ", seen.running)
  say_versions(out, "prefers:   ", seen.preferred)
  say_stored(out, seen.stored)
  say_checks(out, seen.checks or {})
end

--- What an update would do.
function show.plan(out, result)
  local device, set, rows = result.device, result.set, {}
  out:object("plan", result)
  if device then out:say("modem:  " .. words_of(device)) end
  if device and device.transport == "usb" then out:say "serial: over USB, without a serial driver" end
  say_versions(out, "runs:   ", result.before)
  if set then
    out:say("images: " .. (text.versions(set) or "without versions"))
    for _, problem in ipairs(set.problems or {}) do out:say("  " .. problem.message) end
  end
  for index, step in ipairs(result.steps or {}) do
    local time = (step.seconds or 0) > 0 and "about " .. text.seconds(step.seconds) or ""
    rows[index] = { "  " .. step.step, step.changes and "changes the modem" or "", time, step.message or "" }
  end
  out:rows(rows)
end

return show
