-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Whether images are an update together: firmware and settings, or both in one package, for the same modem and of
-- the same version. The user's options fill what no header tells.

local failure = require "moonflash.base.failure"
local identity = require "moonflash.image.identity"
local problems = require "moonflash.image.problems"
local version = require "moonflash.base.version"

local order = { firmware = 1, package = 2, settings = 3 }
local fields = { "firmware", "carrier", "config" }
local option_of = { firmware = "firmware_version", carrier = "carrier", config = "config_version" }
local expected = {
  firmware = "the version of a firmware, like 02.33.03.00", carrier = "the name of a carrier, like GENERIC",
  config = "the version of settings, like 002.072_000",
}

local function problem(set, code, message, ...)
  table.insert(set.problems, failure.new(code, message:format(...)))
end

-- The first image of one of these kinds; the first kind has precedence.
local function first(set, ...)
  for _, kind in ipairs { ... } do
    for _, image in ipairs(set.images) do
      if image.kind == kind then return image end
    end
  end
end

local function check_reports(set)
  for _, image in ipairs(set.images) do
    if not image.ok then table.insert(set.problems, problems.failure(image)) end
  end
end

-- The value of a field and its image: firmware has its own version, settings have the rest. A name does not count
-- against an option.
local function told(set, field, option)
  local settings, firmware = first(set, "settings", "package"), first(set, "firmware", "package")
  local image = field == "firmware" and firmware and firmware.firmware and firmware or settings or firmware or {}
  local is_named = option and (image.from or {})[field] == identity.NAME
  return not is_named and image[field] or nil, image
end

local function check_options(set, options)
  for _, field in ipairs(fields) do
    local option, name = options[option_of[field]], "--" .. option_of[field]:gsub("_", "-")
    local value, image = told(set, field, option)
    if option and not version.is(field, option) then
      problem(set, "image.unversioned", "%s: '%s' is not %s", name, option, expected[field])
      set.problems[#set.problems].hint = "correct " .. name .. ", or leave it out if the images name it"
    elseif option and value and value:lower() ~= option:lower() then
      problem(set, "image.mismatch", "%s %s contradicts %s, which says %s", name, option, image.file, value)
      set.problems[#set.problems].hint = "leave " .. name .. " out, or give the image that it belongs to"
    end
  end
end

local function check_doubles(set)
  local holder = {}
  for _, image in ipairs(set.images) do
    for _, part in ipairs(image.kind == "package" and { "firmware", "settings" } or { image.kind }) do
      if holder[part] then
        problem(set, "image.mismatch", "two files bring %s: %s and %s", part, holder[part].file, image.file)
        return
      end
      holder[part] = image
    end
  end
end

-- A field that has to be the same in all images that have it.
local function check_same(set, field, word)
  local one
  for _, image in ipairs(set.images) do
    one = one or image[field] and image
    if one and image[field] and image[field] ~= one[field] then
      problem(set, "image.mismatch", "%s is %s %s, %s is %s %s", one.file, word, one[field],
        image.file, word, image[field])
      return
    end
  end
end

local function incomplete(set, image, message, hint)
  problem(set, "image.incomplete_set", message, image.file)
  set.problems[#set.problems].hint = hint
  if image.more_may_follow then
    set.problems[#set.problems].hint = "an archive that can be read only once is not read beyond its firmware: "
      .. "put the settings before the firmware, or save the archive to a file"
  end
end

-- A loader takes only packages.
local function check_outer_records(set)
  for _, image in ipairs(set.images) do
    local outer = (image.records or {})[1]
    if outer and outer.type ~= "SPKG" then
      incomplete(set, image, "%s is a bare " .. outer.type .. " record: a modem takes it only inside an SPKG record",
        "give the whole file as its maker ships it")
    end
  end
end

local function check_complete(set, options)
  local settings, firmware = first(set, "settings", "package"), first(set, "firmware", "package")
  if #set.images == 0 then
    problem(set, "image.incomplete_set", "no image was given")
  elseif not settings and not (options.carrier and options.config_version) then
    incomplete(set, firmware, "the settings of a carrier (.nvu) for %s are missing")
  elseif not firmware and not settings.oem and not options.firmware_version then
    incomplete(set, settings, "the firmware (.cwe) for %s is missing",
      "give the .cwe, too, or with --firmware-version the version the modem runs")
  end
end

local function check_versions(set)
  for _, field in ipairs(fields) do
    if #set.problems == 0 and not set[field] then
      problem(set, "image.unversioned", "no file says which %s it brings",
        field == "config" and "version the settings have" or field)
    end
  end
end

-- A carrier is spelt as the image spells it.
local function fill(set, options)
  for _, field in ipairs(fields) do
    local option = options[option_of[field]]
    set[field] = told(set, field, option) or option
  end
  for _, image in ipairs(set.images) do
    set.family, set.product = set.family or image.family, set.product or image.product
    set.bytes = set.bytes + (image.bytes or 0)
  end
end

local function check_fit(set, options)
  check_reports(set)
  check_options(set, options)
  if #set.problems > 0 then return end
  check_doubles(set)
  check_same(set, "product", "for")
  check_same(set, "family", "for")
  if not options.firmware_version then check_same(set, "firmware", "firmware") end
end

--- Checks whether images fit together.
-- @tparam {table} reports of image.inspect
-- @tparam[opt] table options carrier, config_version, firmware_version of the user
-- @treturn table { fits: every image is good and none contradicts another; ok: it fits, and nothing is missing for
--   an update; images (in the order of sending), firmware, carrier, config, family, product, bytes,
--   problems = failures, each with code, message, evidence, hint, offset }
return function(reports, options)
  options = options or {}
  local set = { images = {}, problems = {}, bytes = 0 }
  for index, report in ipairs(reports) do set.images[index] = report end
  table.sort(set.images, function(a, b) return (order[a.kind] or 9) < (order[b.kind] or 9) end)
  fill(set, options)
  check_fit(set, options)
  set.fits = #set.problems == 0
  if set.fits then
    check_outer_records(set)
    check_complete(set, options)
    check_versions(set)
  end
  set.ok = #set.problems == 0
  return set
end
