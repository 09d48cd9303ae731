--- The lists of images in DMS messages: preference and stored images (reference: qmi 4 and 5).

local bytes = require "moonflash.core.bytes"
local T = require("moonflash.sim.template").new

local lists = {}

local modem_type, settings_type = 0, 1
local malformed, invalid_argument = 1, 48
local entry = T "<kind:1> <id:16b> <size:1> <build>"
local entry_head = T "<kind:1> <id:16b> <size:1>"
local stored_entry = T "<slot:1> <failures:1> <id:16b> <size:1> <build>"
local group = T "<kind:1> <most:1> <active:1> <count:1> <entries>"
local not_relevant, unspecified = 0xff, 0xff

local function padded(id)
  return id .. ("\0"):rep(16 - #id)
end

local function settings_build(pair)
  return pair.firmware .. "_" .. pair.carrier
end

--- The preference as the modem reports it: both entries are equal.
-- @treturn string value of TLV 0x01
function lists.preference(pair)
  local build = settings_build(pair)
  local values = { id = padded(pair.config), size = #build, build = build, kind = modem_type }
  local first = entry:fill(values)
  values.kind = settings_type
  return bytes.u8(2) .. first .. entry:fill(values)
end

local function read_entries(text)
  local found, at = {}, 2
  for _ = 1, bytes.get_u8(text, 1) or 0 do
    local fields = entry_head:match(text:sub(at, at + 17))
    if not fields then return nil end
    fields.build = text:sub(at + 18, at + 17 + fields.size)
    if #fields.build < fields.size then return nil end
    found[fields.kind] = fields
    at = at + 18 + fields.size
  end
  return at == #text + 1 and found or nil
end

--- Reads a preference as a host sets it.
-- @tparam string text value of TLV 0x01
-- @treturn table pair, or nil and a QMI error
function lists.read_preference(text)
  local found = read_entries(text)
  local modem, settings = (found or {})[modem_type], (found or {})[settings_type]
  if not modem or not settings then return nil, malformed end
  local firmware, carrier = settings.build:match("^(%d%d%.%d%d%.%d%d%.%d%d)_([%w-]+)$")
  local config = settings.id:match("^(%d+%.%d+_%d+)%z*$")
  local same = modem.build == settings.build and modem.id == settings.id
  local any = firmware and modem.build == firmware .. "_?" and modem.id == padded "?_?"
  if not config or not (same or any) then return nil, invalid_argument end
  return { firmware = firmware, carrier = carrier, config = config }
end

local function stored_group(kind, most, active, entries)
  return group:fill {
    kind = kind, most = most, active = active, count = #entries, entries = table.concat(entries),
  }
end

local function stored(slot, failures, id, build)
  return stored_entry:fill { slot = slot, failures = failures, id = padded(id), size = #build, build = build }
end

--- The stored images: firmware, then settings. The index of the running image is that of its entry in the group, from
-- 0, as qmicli shows it.
-- @treturn string value of TLV 0x01
function lists.stored(store)
  local modem, settings, active = {}, {}, not_relevant
  for slot = 1, store.most.firmware do
    local version = store.firmware[slot]
    if slot == store:active_slot() then active = #modem end
    if version then modem[#modem + 1] = stored(slot, 0, "?_?", version .. "_?") end
  end
  for _, pair in ipairs(store.settings) do
    settings[#settings + 1] = stored(not_relevant, unspecified, pair.config, settings_build(pair))
  end
  local index = store:settings_index(store.running)
  return bytes.u8(2) .. stored_group(modem_type, store.most.firmware, active, modem)
    .. stored_group(settings_type, store.most.settings, index and index - 1 or not_relevant, settings)
end

return lists
