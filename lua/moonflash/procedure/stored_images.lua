--- The image pairs that a modem stores: a firmware and carrier settings made for it. A modem switches to a stored pair
-- without a download (reference: list of stored images, DMS 0x0049).
-- @module moonflash.procedure.stored_images

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

--- The pairs, in the modem's order.
-- @tparam table groups the answer to list_stored_images
-- @treturn table array of { firmware, carrier, config, preference = the list that asks for the pair }
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

local function newer(a, b)
  return not b or (a.firmware .. a.config) > (b.firmware .. b.config)
end

local function newest(pairs_found, accept)
  local best
  for _, pair in ipairs(pairs_found) do
    if accept(pair) and newer(pair, best) then best = pair end
  end
  return best
end

-- What a modem stores in words: its pairs, else the images that are no pair.
local function texts(groups)
  local lines, firmware = {}, {}
  for index, pair in ipairs(stored.pairs(groups)) do lines[index] = versions.text(pair) end
  if lines[1] then return table.concat(lines, "; ") end
  for _, settings in ipairs(images_of(groups, "pri")) do lines[#lines + 1] = settings.build_id:match "^[%d%.]+" end
  for version_text in pairs(by_build(images_of(groups, "modem"))) do firmware[#firmware + 1] = version_text end
  table.sort(firmware)
  return ("no pair; its settings are for %s, its firmware is %s"):format(
    lines[1] and table.concat(lines, ", ") or "nothing", firmware[1] and table.concat(firmware, ", ") or "none")
end

-- The files that make a pair with what is there.
local function files_for(state)
  local firmware, preferred = state.running.firmware, state.preferred
  if not firmware then return nil end
  local other = preferred and preferred.firmware ~= firmware and preferred.firmware
  return ("give the settings (.nvu) for %s%s: `moonflash recover FILE...`"):format(firmware,
    other and (", or the firmware (.cwe) %s"):format(other) or "")
end

--- What a modem lacks of a pair.
-- @tparam ?table list of stored images
-- @tparam table wanted VERSIONS
-- @treturn table { modem = true when the firmware is missing, pri = true when the settings are }
function stored.lacks(list, wanted)
  local lacks = { modem = not by_build(images_of(list, "modem"))[wanted.firmware], pri = true }
  for _, settings in ipairs(images_of(list, "pri")) do
    if versions.agree(wanted, versions.of_preference { entry("pri", settings) }) then lacks.pri = false end
  end
  return lacks
end

--- Whether a modem stores a pair; true when the list of stored images is not known.
function stored.has(list, wanted)
  local lacks = list and stored.lacks(list, wanted)
  return not (lacks and (lacks.modem or lacks.pri))
end

-- As a 9x30 answers it: no pair, but a preference.
local automatic = { firmware = "00.00.00.00", carrier = version.AUTO_SIM, config = "000.000_000" }
automatic.preference = {
  { type = "modem", unique_id = "?_?", build_id = automatic.firmware .. "_?" },
  { type = "pri", unique_id = automatic.config, build_id = automatic.firmware .. "_" .. automatic.carrier },
}

--- The pair of a name: AUTO-SIM (the modem chooses by its SIM), a carrier, a firmware version, a build id
-- (`02.33.03.00_GENERIC`), the version of the settings, or the build id and that version
-- (`02.33.03.00_GENERIC_002.072_000`). Of several pairs the one with the running firmware, then the newest.
-- @tparam table state of versions.read
-- @tparam string word
-- @treturn table the pair, or nil and failure stored.none
function stored.find(state, word)
  if version.is_automatic { carrier = word } then return automatic end
  local wanted, found = word:lower(), stored.pairs(state.stored)
  local function means(pair)
    local build = (pair.firmware .. "_" .. pair.carrier):lower()
    return pair.carrier:lower() == wanted or pair.firmware == wanted or pair.config == wanted
      or build == wanted or build .. "_" .. pair.config:lower() == wanted
  end
  local function runs(pair) return pair.firmware == state.running.firmware end
  local best = newest(found, function(pair) return means(pair) and runs(pair) end) or newest(found, means)
  if best then return best end
  return nil, failure.new("stored.none", "the modem stores no pair of images for " .. word,
    { evidence = "it stores: " .. texts(state.stored), hint = not found[1] and files_for(state) or nil })
end

local GENERIC = "GENERIC"

-- The pairs that make a modem well, the best first. Running settings that were not made for the running firmware are
-- those of before. A value that is not known is `false`.
local function wishes(state)
  local running, preferred = state.running, state.preferred or {}
  local firmware, config = running.firmware or false, running.config or false
  local runs, wanted = running.carrier or false, preferred.carrier or false
  return {
    { firmware = firmware, carrier = runs, config = config },
    { firmware = firmware, carrier = wanted }, { firmware = firmware, carrier = GENERIC },
    { firmware = firmware },
    { carrier = runs, config = config }, { carrier = runs }, { carrier = wanted }, { carrier = GENERIC },
    {},
  }
end

local function is_known(wish)
  for _, value in pairs(wish) do
    if not value then return false end
  end
  return true
end

--- The pair that makes a modem well whose preferred images are missing: with the running firmware and, in this order,
-- the running settings, those of the preferred carrier, the generic ones, any; else the pair of the running settings,
-- of their carrier, of the preferred carrier, and so on.
-- @tparam table state of versions.read
-- @treturn table the pair, or nil and failure stored.none
function stored.way_back(state)
  local found = stored.pairs(state.stored)
  for _, wish in ipairs(wishes(state)) do
    local pair = is_known(wish)
      and newest(found, function(candidate) return versions.agree(wish, candidate) end)
    if pair then return pair end
  end
  return nil, failure.new("stored.none", "the modem stores no firmware with settings made for it",
    { evidence = ("it runs %s; it stores: %s"):format(versions.text(state.running), texts(state.stored)),
      hint = files_for(state) })
end

return stored
