-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The lists of images in DMS messages: preference and stored images (reference: qmi 4 and 5).

local bytes = require "moonflash.core.bytes"
local T = require("moonflash.sim.template").new

local lists = {}

local modem_type, settings_type = 0, 1
local malformed, invalid_argument = 1, 48
local any_id = "?_?"
local entry = T "<kind:1> <id:16b> <build:1s>"
local first_entry = T "<kind:1> <id:16b> <build:1s> <rest>"
local stored_entry = T "<slot:1> <failures:1> <id:16b> <build:1s>"
local group = T "<kind:1> <most:1> <active:1> <count:1> <entries>"
local not_relevant, unspecified = 0xff, 0xff

local function settings_build(pair)
  return pair.firmware .. "_" .. pair.carrier
end

--- The preference as the modem reports it, the bytes of TLV 0x01: both entries are equal.
function lists.preference(pair)
  local build = settings_build(pair)
  return bytes.u8(2) .. entry:fill { kind = modem_type, id = pair.config, build = build }
    .. entry:fill { kind = settings_type, id = pair.config, build = build }
end

local function read_entry(template, text)
  local fields = template:match(text)
  if fields then fields.id = fields.id:match "^[^%z]*" end
  return fields
end

--- One image as TLV 0x01 of a request names it: { kind, id, build }, or nil when it is malformed.
function lists.read_image(text)
  return read_entry(entry, text)
end

-- The entries of a list by their kind; nil when it is malformed.
local function read_entries(text)
  local found, rest = {}, text:sub(2)
  for _ = 1, bytes.get_u8(text, 1) or 0 do
    local fields = read_entry(first_entry, rest)
    if not fields then return nil end
    found[fields.kind], rest = fields, fields.rest
  end
  return rest == "" and found or nil
end

--- The pair of a preference as a host sets it in TLV 0x01, or nil and a QMI error.
function lists.read_preference(text)
  local found = read_entries(text) or {}
  local modem, settings = found[modem_type], found[settings_type]
  if not modem or not settings then return nil, malformed end
  local firmware, carrier = settings.build:match("^(%d%d%.%d%d%.%d%d%.%d%d)_([%w-]+)$")
  local config = settings.id:match("^[%d.]+_%d+$")
  local same = modem.build == settings.build and modem.id == settings.id
  local any = firmware and modem.build == firmware .. "_?" and modem.id == any_id
  if not config or not (same or any) then return nil, invalid_argument end
  return { firmware = firmware, carrier = carrier, config = config }
end

--- The stored images as bytes of TLV 0x01: firmware, then settings. The index of the running image is that of its entry
-- in the group, from 0, as qmicli shows it.
function lists.stored(store)
  local modem, settings, active = {}, {}, not_relevant
  for slot = 1, store.most.firmware do
    local version = store.firmware[slot]
    if slot == store:active_slot() then active = #modem end
    modem[#modem + 1] = version and
      stored_entry:fill { slot = slot, failures = 0, id = any_id, build = version .. "_?" }
  end
  for index, pair in ipairs(store.settings) do
    settings[index] = stored_entry:fill {
      slot = not_relevant, failures = unspecified, id = pair.config, build = settings_build(pair),
    }
  end
  local index = store:settings_index(store.running)
  return bytes.u8(2) .. group:fill {
    kind = modem_type, most = store.most.firmware, active = active, count = #modem, entries = table.concat(modem),
  } .. group:fill {
    kind = settings_type, most = store.most.settings, active = index and index - 1 or not_relevant,
    count = #settings, entries = table.concat(settings),
  }
end

return lists
