-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Selects the modem that the user means.

local describe = require "moonflash.device.describe"
local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"

local select = {}

local function same_text(field)
  return function(dev, wanted)
    return dev[field] ~= nil and dev[field]:lower() == tostring(wanted):lower()
  end
end

local function same_number(field)
  return function(dev, wanted) return dev[field] == tonumber(wanted) end
end

-- Nodes are compared after links are resolved: a user may give /dev/serial/by-id/...
local function has_node(field)
  return function(dev, wanted)
    local path = sys.real_path(wanted) or wanted
    for _, interface in ipairs(dev.interfaces) do
      local node = interface[field]
      if node and (sys.real_path(node) or node) == path then return true end
    end
    return false
  end
end

-- Vendor and product of one of the modes of the modem, compared together.
local function may_have_ids(dev, _, wanted)
  for _, ids in ipairs(dev.ids) do
    local vid, pid = ids:match "^(%x+):(%x+)$"
    if tostring(wanted.vid or vid):lower() == vid and tostring(wanted.pid or pid):lower() == pid then return true end
  end
  return false
end

-- The fields of a selection, in the order of messages. `or_else` is tried when no device fits: the same
-- selection then finds the modem in its other mode, where it has other ids and may be at its peer place.
local fields = {
  { name = "cdc_wdm", fits = has_node "control", node = true },
  { name = "tty", fits = has_node "tty", node = true },
  { name = "vid", fits = same_text "vid", or_else = may_have_ids },
  { name = "pid", fits = same_text "pid", or_else = may_have_ids },
  { name = "bus", fits = same_number "bus" }, { name = "number", fits = same_number "number" },
  { name = "place", fits = same_text "place", or_else = same_text "peer" },
  { name = "serial", fits = same_text "serial" }, { name = "model", fits = same_text "model" },
}

local function filter(devices, fits, value, wanted)
  local fitting = {}
  for _, dev in ipairs(devices) do
    if fits(dev, value, wanted) then fitting[#fitting + 1] = dev end
  end
  return fitting
end

local function narrow(devices, wanted)
  for _, field in ipairs(fields) do
    local value = wanted[field.name]
    if value ~= nil then
      local fitting = filter(devices, field.fits, value)
      if not fitting[1] and field.or_else then fitting = filter(devices, field.or_else, value, wanted) end
      devices = fitting
    end
  end
  return devices
end

local function words(wanted)
  local parts = {}
  for _, field in ipairs(fields) do
    if wanted[field.name] ~= nil then
      parts[#parts + 1] = field.name:gsub("_", "-") .. " " .. tostring(wanted[field.name])
    end
  end
  return table.concat(parts, ", ")
end

-- What is at a path that belongs to no modem. A redirection creates a plain file while the modem is away.
local kinds = {
  character = "is a device, but of none of these modems", file = "is a plain file: remove it",
  link = "is a link to nothing",
}

local function about_paths(wanted)
  local parts = {}
  for _, field in ipairs(fields) do
    local path = field.node and wanted[field.name]
    if path then
      local found = sys.stat(sys.real_path(path) or path)
      parts[#parts + 1] = path .. " " .. (not found and "does not exist" or kinds[found.kind] or "is no device node")
    end
  end
  return parts
end

local function none(devices, wanted)
  if not devices[1] then
    return failure.new("device.none", "there is no modem", { evidence = "no USB device has the ids of one" })
  end
  local evidence = about_paths(wanted)
  evidence[#evidence + 1] = "present: " .. describe.devices(devices)
  return failure.new("device.none", "no modem fits " .. words(wanted), {
    evidence = table.concat(evidence, "; "), hint = "choose one that is present, best with --place",
  })
end

-- A misspelt field would select any modem.
local function check(wanted)
  local known = {}
  for _, field in ipairs(fields) do known[field.name] = true end
  for name, value in pairs(wanted) do
    if not known[name] then error("a selection has no field " .. tostring(name), 3) end
    if type(value) ~= "string" and type(value) ~= "number" then
      error(("selection: %s must be a string or a number"):format(name), 3)
    end
  end
end

--- All devices of a list that fit all fields, which are those of `one`.
function select.all(devices, wanted)
  check(wanted or {})
  return narrow(devices, wanted or {})
end

--- The one device of a list that fits all fields: any of cdc_wdm, tty (paths), vid, pid, bus, number, place, serial,
-- model. Returns the device, or nil and failure device.none or device.ambiguous, which lists all that fit. Raises an
-- error for an unknown field, and for a value of another type.
function select.one(devices, wanted)
  wanted = wanted or {}
  check(wanted)
  local fitting = narrow(devices, wanted)
  if #fitting == 1 then return fitting[1] end
  if #fitting == 0 then return nil, none(devices, wanted) end
  return nil, failure.new("device.ambiguous", ("%d modems fit"):format(#fitting),
    { evidence = describe.devices(fitting) })
end

return select
