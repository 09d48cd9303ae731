-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Devices in words, for lists and evidence; also what was found while waiting for a modem.

local drivers = require "moonflash.device.drivers"

local describe = {}

local modes = {
  application = "running", download = "waiting for an image (download mode)",
  ["boot-rom"] = "in its boot ROM, without a loader", ["memory-debug"] = "waiting for a memory dump",
}

--- One device: "1-6 MC7455 1199:9070, waiting for an image (download mode), serial LF123".
function describe.device(dev)
  local name = dev.model or dev.other and dev.other.name or "unknown model"
  local state = drivers.is_disc(dev) and "an installer disc (USB storage)" or modes[dev.mode]
  local words = { ("%s %s %s:%s"):format(dev.place, name, dev.vid, dev.pid), state }
  if dev.serial then words[#words + 1] = "serial " .. dev.serial end
  for _, missing in ipairs(dev.missing or {}) do
    words[#words + 1] = ("interface %d %s (%s)"):format(missing.interface,
      missing.holder and "is held by " .. missing.holder or "has no driver", missing.module)
  end
  return table.concat(words, ", ")
end

--- The drivers of the interfaces of a device: "interface 0 usbfs, 3 none".
function describe.drivers(dev)
  local words = {}
  for index, interface in ipairs(dev.interfaces or {}) do
    words[index] = ("%d %s"):format(interface.number, interface.driver or "none")
  end
  return words[1] and "interface " .. table.concat(words, ", ") or "no interfaces"
end

--- Several devices.
function describe.devices(devices)
  local lines = {}
  for index, dev in ipairs(devices) do lines[index] = describe.device(dev) end
  return table.concat(lines, "; ")
end

local Timeline = {}
Timeline.__index = Timeline

--- What is found while waiting for a modem, with times: the evidence when the modem does not return.
function describe.timeline(now)
  return setmetatable({ began = now, entries = {}, by_key = {} }, Timeline)
end

--- Notes a state of a device, and returns it in words: "1-6: 1199:9070 after 19.2 s, no port yet". The time is that of
-- its first state. nil when nothing changed.
function Timeline:note(key, name, now, state)
  local entry = self.by_key[key]
  if not entry then
    entry = { begins = ("%s after %.1f s"):format(name, (now - self.began) / 1000) }
    self.by_key[key] = entry
    self.entries[#self.entries + 1] = entry
  end
  local text = state and entry.begins .. ", " .. state or entry.begins
  if text == entry.text then return nil end
  entry.text = text
  return text
end

--- All entries in order.
function Timeline:text()
  local lines = {}
  for index, entry in ipairs(self.entries) do lines[index] = entry.text end
  return lines[1] and table.concat(lines, "; ") or "nothing changed on USB"
end

return describe
