-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The image pairs that a modem stores: a firmware and carrier settings made for it. A modem switches to a stored pair
-- without a download (reference: list of stored images, DMS 0x0049).

local failure = require "moonflash.base.failure"
local version = require "moonflash.base.version"
local versions = require "moonflash.procedure.versions"

local stored = {}

local function images_of(groups, kind)
  for _, group in ipairs(groups or {}) do
    if group.type == kind then return group.images end
  end
  return {}
end

local function by_build(images)
  local found = {}
  for _, image in ipairs(images) do
    local firmware = image.build_id:match "^([%d%.]+)"
    if firmware then found[firmware] = found[firmware] or image end
  end
  return found
end

local function entry(kind, image)
  return { type = kind, unique_id = image.unique_id, build_id = image.build_id }
end

--- The pairs in the answer to list_stored_images, in the modem's order: { firmware, carrier, config, preference = the
-- list that asks for the pair }.
function stored.pairs(groups)
  local firmware, found = by_build(images_of(groups, "modem")), {}
  for _, settings in ipairs(images_of(groups, "pri")) do
    local pri = entry("pri", settings)
    local pair = versions.of_preference { pri } or {}
    local image = pair.carrier and pair.config and firmware[pair.firmware]
    if image then
      pair.preference = { entry("modem", image), pri }
      found[#found + 1] = pair
    end
  end
  return found
end

-- The pair of the highest rank, of several the newest. A pair without a rank does not count.
local function best(found, rank_of)
  local chosen, highest
  for _, pair in ipairs(found) do
    local rank = rank_of(pair)
    local key = rank and ("%02d %s %s"):format(rank, pair.firmware, pair.config)
    if key and (not highest or key > highest) then chosen, highest = pair, key end
  end
  return chosen
end

local function firmware_of(images)
  local list = {}
  for _, image in ipairs(images) do list[#list + 1] = image.build_id:match "^[%d%.]+" end
  return list[1] and table.concat(list, ", ") or "none"
end

-- What a modem stores in words: its pairs, else the images that are no pair.
local function texts(groups)
  local lines = {}
  for index, pair in ipairs(stored.pairs(groups)) do lines[index] = versions.text(pair) end
  return lines[1] and table.concat(lines, "; ") or ("no pair; its settings are for %s, its firmware is %s"):format(
    firmware_of(images_of(groups, "pri")), firmware_of(images_of(groups, "modem")))
end

-- The files that make a pair with what is there.
local function files_for(state)
  local firmware, preferred = state.running.firmware, state.preferred
  if not firmware then return nil end
  local other = preferred and preferred.firmware ~= firmware and preferred.firmware
  return ("give the settings (.nvu) for %s%s: `moonflash recover FILE...`"):format(firmware,
    other and (", or the firmware (.cwe) %s"):format(other) or "")
end

--- The settings of a pair as a list of stored images spells them: the entry of a preference; nil when it has none.
function stored.settings(list, wanted)
  for _, settings in ipairs(images_of(list, "pri")) do
    local found = entry("pri", settings)
    if versions.agree(wanted, versions.of_preference { found }) then return found end
  end
end

--- What a list of stored images lacks of a pair: { modem = true when the firmware is missing, pri = true when the
-- settings are }.
function stored.lacks(list, wanted)
  return { modem = not by_build(images_of(list, "modem"))[wanted.firmware], pri = not stored.settings(list, wanted) }
end

--- Whether a list of stored images has a pair; without a list it has none.
function stored.has(list, wanted)
  local lacks = stored.lacks(list, wanted)
  return not (lacks.modem or lacks.pri)
end

-- As a 9x30 answers it: no pair, but a preference.
local automatic = { firmware = "00.00.00.00", carrier = version.AUTO_SIM, config = "000.000_000" }
automatic.preference = {
  { type = "modem", unique_id = "?_?", build_id = automatic.firmware .. "_?" },
  { type = "pri", unique_id = automatic.config, build_id = automatic.firmware .. "_" .. automatic.carrier },
}

--- The pair of a name: AUTO-SIM (the modem chooses by its SIM), a carrier, a firmware version, a build id
-- (`02.33.03.00_GENERIC`), the version of the settings, or the build id and that version
-- (`02.33.03.00_GENERIC_002.072_000`). Of several pairs the one with the running firmware, then the newest. Takes the
-- state of versions.read. Returns the pair, or nil and failure stored.none.
function stored.find(state, word)
  if version.is_automatic { carrier = word } then return automatic end
  local wanted, found = word:lower(), stored.pairs(state.stored)
  local function means(pair)
    local build = (pair.firmware .. "_" .. pair.carrier):lower()
    return pair.carrier:lower() == wanted or pair.firmware == wanted or pair.config == wanted
      or build == wanted or build .. "_" .. pair.config:lower() == wanted
  end
  local pair = best(found, function(one)
    return means(one) and (one.firmware == state.running.firmware and 2 or 1) or nil
  end)
  if pair then return pair end
  return nil, failure.new("stored.none", "the modem stores no pair of images for " .. word,
    { evidence = "it stores: " .. texts(state.stored),
      hint = found[1] and "choose one of these, or give the files: `moonflash update FILE...`" or files_for(state) })
end

-- How good a pair is for a modem whose preferred images are missing. Running settings that were not made for the
-- running firmware are those of before.
local function rank(state, pair)
  local running, preferred = state.running, state.preferred or {}
  local function has_carrier(carrier) return carrier ~= nil and pair.carrier:lower() == carrier:lower() end
  local stays = pair.firmware == running.firmware
  local firmware = stays and 10 or 0
  if has_carrier(running.carrier) and pair.config == running.config then return firmware + 4 end
  if has_carrier(running.carrier) and not stays then return 3 end
  if has_carrier(preferred.carrier) then return firmware + 2 end
  return firmware + (has_carrier "GENERIC" and 1 or 0)
end

--- The pair that makes a modem well whose preferred images are missing: with the running firmware and, in this order,
-- the running settings, those of the preferred carrier, the generic ones, any; else the pair of the running settings,
-- of their carrier, of the preferred carrier, and so on. Takes the state of versions.read. Returns the pair, or nil and
-- failure stored.none.
function stored.way_back(state)
  local pair = best(stored.pairs(state.stored), function(one) return rank(state, one) end)
  if pair then return pair end
  return nil, failure.new("stored.none", "the modem stores no firmware with settings made for it",
    { evidence = ("it runs %s; it stores: %s"):format(versions.text(state.running), texts(state.stored)),
      hint = files_for(state) })
end

return stored
