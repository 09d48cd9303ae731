--- Devices in words, for evidence and lists.
-- @module moonflash.device.describe

local describe = {}

local modes = {
  application = "running", download = "waiting for an image (download mode)",
  ["boot-rom"] = "in its boot ROM, without a loader", ["memory-debug"] = "waiting for a memory dump",
}

--- One device: "1-6 MC7455 1199:9070, waiting for an image (download mode), serial LF123".
-- @tparam table dev
-- @treturn string
function describe.device(dev)
  local name = dev.model or "unknown model"
  local words = { ("%s %s %s:%s"):format(dev.place, name, dev.vid, dev.pid), modes[dev.mode] }
  if dev.serial then words[#words + 1] = "serial " .. dev.serial end
  for _, missing in ipairs(dev.missing or {}) do
    words[#words + 1] = ("interface %d has no driver (%s)"):format(missing.interface, missing.module)
  end
  return table.concat(words, ", ")
end

--- Several devices.
-- @tparam table devices
-- @treturn string
function describe.devices(devices)
  local lines = {}
  for index, dev in ipairs(devices) do lines[index] = describe.device(dev) end
  return table.concat(lines, "; ")
end

--- A time: 19200 is "19.2 s".
-- @tparam number ms
-- @treturn string
function describe.seconds(ms)
  return ("%.1f s"):format(ms / 1000)
end

return describe
