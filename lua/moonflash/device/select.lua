--- The one modem a user means.
-- @module moonflash.device.select

local describe = require "moonflash.device.describe"
local failure = require "moonflash.base.failure"
local later = require "moonflash.base.later"
local sys = require "moonflash.core.sys"

local blame = later "moonflash.engine.blame"

local selection = {}

local function same_text(field)
  return function(dev, wanted)
    return dev[field] ~= nil and dev[field]:lower() == tostring(wanted):lower()
  end
end

local function same_number(field)
  return function(dev, wanted) return dev[field] == tonumber(wanted) end
end

-- A node is compared by what it leads to: users give links such as /dev/serial/by-id/...
local function owns(field)
  return function(dev, wanted)
    local path = sys.real_path(wanted) or wanted
    for _, interface in ipairs(dev.interfaces) do
      local node = interface[field]
      if node and (sys.real_path(node) or node) == path then return true end
    end
    return false
  end
end

-- Whether one of the ids that the modem may have is meant; `part` finds vendor or product in them.
local function may_have(part)
  return function(dev, wanted)
    for _, ids in ipairs(dev.ids) do
      if ids:match(part) == tostring(wanted):lower() then return true end
    end
    return false
  end
end

-- In the order in which they are named in messages.
local fields = {
  { name = "cdc_wdm", fits = owns "control", node = true }, { name = "tty", fits = owns "tty", node = true },
  { name = "vid", fits = same_text "vid", or_else = may_have "^%x+" },
  { name = "pid", fits = same_text "pid", or_else = may_have "%x+$" },
  { name = "bus", fits = same_number "bus" }, { name = "number", fits = same_number "number" },
  { name = "place", fits = same_text "place", or_else = same_text "peer" },
  { name = "serial", fits = same_text "serial" }, { name = "model", fits = same_text "model" },
}

local function those(devices, fits, wanted)
  local fitting = {}
  for _, dev in ipairs(devices) do
    if fits(dev, wanted) then fitting[#fitting + 1] = dev end
  end
  return fitting
end

-- A modem answers to its peer place and to its ids of the other mode too: the same command must find
-- it in download mode, wherever it stands then. One to which the words fit as they are goes first.
local function narrow(devices, field, wanted)
  local fitting = those(devices, field.fits, wanted)
  if #fitting == 0 and field.or_else then fitting = those(devices, field.or_else, wanted) end
  return fitting
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

-- What a path is that leads to no modem: a file made by a redirection while the modem was away is
-- found in the field.
local kinds = {
  character = "is a device, but none of these modems'", file = "is a plain file: remove it",
  link = "is a link to nothing",
}

local function about_paths(wanted)
  local parts = {}
  for _, field in ipairs(fields) do
    local path = field.node and wanted[field.name]
    if path then
      local seen = sys.stat(sys.real_path(path) or path)
      local what = not seen and "does not exist" or kinds[seen.kind] or "is no device node"
      parts[#parts + 1] = path .. " " .. what
    end
  end
  return parts
end

local function none(devices, wanted)
  if #devices == 0 then
    return failure.new("device.none", "there is no modem", { evidence = "no USB device has the ids of one" })
  end
  local evidence = about_paths(wanted)
  evidence[#evidence + 1] = "present: " .. describe.devices(devices)
  return failure.new("device.none", "no modem fits " .. words(wanted), {
    evidence = table.concat(evidence, "; "), hint = "choose one that is present, best with --place",
  })
end

-- One that is written wrong would choose whatever modem is there.
local function check(wanted)
  local known = {}
  for _, field in ipairs(fields) do known[field.name] = true end
  for name in pairs(wanted) do
    if not known[name] then blame.caller("a selection has no field " .. tostring(name)) end
  end
end

--- All devices that fit all fields given.
-- @tparam table devices as list gives them
-- @tparam table wanted as for pick
-- @treturn table array of devices
-- @raise for a field that there is not
function selection.all(devices, wanted)
  check(wanted)
  local fitting = devices
  for _, field in ipairs(fields) do
    local value = wanted[field.name]
    if value ~= nil then fitting = narrow(fitting, field, value) end
  end
  return fitting
end

--- Picks the one device that fits all fields given.
-- @tparam table devices as list gives them
-- @tparam table wanted any of cdc_wdm, tty, vid, pid, bus, number, place, serial, model
-- @treturn table the device; or nil and failure device.none or device.ambiguous, which lists all
function selection.pick(devices, wanted)
  local fitting = selection.all(devices, wanted)
  if #fitting == 1 then return fitting[1] end
  if #fitting == 0 then return nil, none(devices, wanted) end
  return nil, failure.new("device.ambiguous", ("%d modems fit"):format(#fitting),
    { evidence = describe.devices(fitting) })
end

return selection
