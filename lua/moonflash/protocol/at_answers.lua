-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The meaning of AT answers (reference: AT commands met by an updater). Each function takes the lines of
-- one answer and returns a table. A field is absent when the modem leaves it out or empty.
-- VERSIONS = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }.

local version = require "moonflash.base.version"

local answers = {}

local known = version.known

-- "Label: value": the label in lower case with single blanks, and the value.
local function labelled_value(line)
  local label, value = line:match "^%s*(.-)%s*:%s*(.*)$"
  return label and label:lower():gsub("%s+", " ") or "", known(value)
end

-- Reads "Label: value" lines; `names` maps labels to names of fields. What a modem says several times is in `all`.
local function labelled(lines, names, all)
  local found = {}
  for _, line in ipairs(lines) do
    local label, value = labelled_value(line)
    local name = names[label]
    if name then found[name] = value end
    if name and all and all[name] then table.insert(all[name], value) end
  end
  return found
end

local identity_labels = {
  manufacturer = "manufacturer", model = "model", revision = "revision", imei = "imei",
  ["imei sv"] = "imei_sv", meid = "meid", esn = "esn", fsn = "fsn",
}

--- ATI: manufacturer, model, revision, family and firmware (parts of the revision), imei, imei_sv, meid, esn, fsn.
function answers.identity(lines)
  local found = labelled(lines, identity_labels)
  local revision = found.revision or ""
  found.family, found.firmware = revision:match "^(SWI%w+)_(%d+%.%d+%.%d+%.%d+)"
  return found
end

-- The config name of AT is <carrier>_<config>; the unique id of QMI is the config alone.
local function to_versions(found)
  local prefix = (found.carrier or "") .. "_"
  local begins = found.config and found.config:sub(1, #prefix):lower() == prefix:lower()
  if begins then found.config = found.config:sub(#prefix + 1) end
end

local preference_fields = {
  ["fw version"] = "firmware", ["carrier name"] = "carrier", ["config name"] = "config",
}

-- "config name mismatch", "fw mismatch": the field that does not agree.
local function mismatch_of(line)
  local words = line:lower()
  for label in pairs(words:find "%f[%a]mismatch%f[%A]" and preference_fields or {}) do
    if words:find("%f[%a]" .. label:match "^%a+" .. "%f[%A]") then return label end
  end
end

--- AT!IMPREF? and AT!GOBIIMPREF?: preferred and current (VERSIONS), mismatch = { "config name", ... }.
function answers.preference(lines)
  local found = { preferred = {}, current = {}, mismatch = {} }
  for _, line in ipairs(lines) do
    local text, value = labelled_value(line)
    local kind, label = text:match "^(%l+) (.*)$"
    local name = preference_fields[label or ""]
    if name and found[kind] then found[kind][name] = value end
    found.mismatch[#found.mismatch + 1] = mismatch_of(line)
  end
  to_versions(found.preferred)
  to_versions(found.current)
  return found
end

local settings_labels = {
  ["pri part number"] = "part", revision = "revision", customer = "customer", ["carrier pri"] = "carrier_pri",
}

--- AT!PRIID?: part, revision, customer, carrier_pri (the text), versions (VERSIONS, parts of that text). A modem that
-- lists several carrier PRIs does not say which one runs: then there is only carrier_pris, an array of texts.
function answers.settings(lines)
  local all = { carrier_pri = {} }
  local found = labelled(lines, settings_labels, all)
  if #all.carrier_pri > 1 then
    found.carrier_pri, found.carrier_pris = nil, all.carrier_pri
  elseif found.carrier_pri then
    local parsed = version.parse(found.carrier_pri)
    found.versions = { firmware = parsed.firmware, carrier = parsed.carrier, config = parsed.config }
  end
  return found
end

-- "LPM persistence - None" of the 9x30, "LPM Persistent: 1" of the 9x15.
local function is_persistent(line)
  local word = line:match "^LPM [Pp]ersisten%a+%s*[-:]%s*(%w+)"
  if word then return not (known(word) == nil or word == "0") end
end

--- AT!PCINFO?: state (the modem's text), online, persistent (booleans), votes = { IMSWITCH = 1, ... }. The names of the
-- votes differ between families (IMSWITCH and GOBIIM mean the same). A vote is always NAME:digit; with a blank after
-- the colon it is something else.
function answers.power(lines)
  local found = { votes = {} }
  for _, line in ipairs(lines) do
    for name, value in line:gmatch "([%w_]+):(%d)" do found.votes[name] = tonumber(value) end
    found.state = found.state or known(line:match "^State:%s*(.*)$")
    if is_persistent(line) ~= nil then found.persistent = is_persistent(line) end
  end
  if found.state then found.online = found.state:lower():find "%f[%a]online%f[%A]" ~= nil end
  return found
end

--- AT!GSTATUS?: mode = "ONLINE", "LOW POWER MODE" ... Its lines have two columns; an updater needs one value.
function answers.status(lines)
  for _, line in ipairs(lines) do
    local mode = line:match "%f[%a]Mode:%s*(.-)%s*$"
    if known(mode) then return { mode = mode } end
  end
  return {}
end

local image_types = { FW = "modem", PRI = "pri" }

-- Two counts follow the LRU column; an empty slot has no ids.
local function image_row(line)
  local kind, slot, status, first, second, unique_id, build_id =
    line:match "^(%u+)%s+(%x+)%s+(%u+)%s+%d+%s+(%d+)%s+(%d+)%s*(%S*)%s*(%S*)$"
  if not image_types[kind] then return nil end
  return {
    type = image_types[kind], slot = kind == "FW" and tonumber(slot, 16) or nil, status = status,
    failures = tonumber(first) + tonumber(second), unique_id = known(unique_id), build_id = known(build_id),
  }
end

--- AT!IMAGE? and AT!GOBIIMAGE?: an array of the stored images, { type = "modem|pri", slot, status, failures, unique_id,
-- build_id, active }; most = { modem = 4, pri = 50 }, active_slot (255: in no slot).
function answers.images(lines)
  local found = { most = {} }
  for _, line in ipairs(lines) do
    local row = image_row(line)
    if row and row.status ~= "EMPTY" then found[#found + 1] = row end
    local kind, most = line:match "^Max (%u+) images:%s*(%d+)"
    if kind and image_types[kind] then found.most[image_types[kind]] = tonumber(most) end
    found.active_slot = tonumber(line:match "^Active FW image is at slot%s*(%d+)") or found.active_slot
  end
  for _, row in ipairs(found) do row.active = row.slot ~= nil and row.slot == found.active_slot end
  return found
end

return answers
