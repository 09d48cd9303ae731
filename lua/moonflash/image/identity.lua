--- What an image is and what it is for, and the source of each fact: the outer header, then the headers inside, then
-- the file's name. A later source only fills what is missing, because names may be wrong (a file named Verizon makes
-- a modem report VZW).
-- @module moonflash.image.identity

local version = require "moonflash.base.version"

local identity = {}

local CARRIER_SKU, NO_SKU = "9999999", "INTERNAL"
local OEM_CODE = 3
local LARGEST_SETTINGS = 1024 * 1024

local fields = { "firmware", "family", "model", "sku", "part", "carrier", "config" }
local compared = { "firmware", "carrier", "config" }

-- Records that do not decide the kind.
local wrappers = { SPKG = true, FILE = true }

-- The sources of facts, best first: { name, fields }.
local function sources(report)
  local list = {}
  for index, record in ipairs(report.records) do
    if index == 1 then
      list[1] = { "outer header", version.parse(record.version) }
    elseif record.type == "BOOT" or record.type == "NVUP" then
      local from = ("%s header at %.0f"):format(record.type, record.offset)
      list[#list + 1] = { from, version.parse(record.version) }
    end
  end
  list[#list + 1] = { "file name", version.of_file(report.file_name) }
  return list
end

local function kind_by_records(report)
  local settings, firmware
  for _, record in ipairs(report.records) do
    if record.type == "NVUP" then
      settings = true
    elseif not wrappers[record.type] then
      firmware = true
    end
  end
  return settings and firmware and "package" or settings and "settings" or firmware and "firmware"
end

-- For an image of which only the outer header was read.
local function kind_by_header(report, outer)
  if not report.carrier and outer.package_code == 0 then return "firmware" end
  local small = outer.package_code ~= 0 or report.bytes <= LARGEST_SETTINGS
  return small and "settings" or "package"
end

local function is_oem(report, outer)
  return outer.package_code == OEM_CODE
    or (report.sku ~= nil and report.sku ~= CARRIER_SKU and report.sku ~= NO_SKU)
end

-- The content decides. A name with another version gets a note.
local function compare_with_name(report)
  local named = version.of_file(report.file_name)
  for _, field in ipairs(compared) do
    local inside, outside = report[field], named[field]
    if inside and outside and inside:lower() ~= outside:lower() then
      table.insert(report.notes, ("the name says %s %s, the image itself %s: the image counts")
        :format(field, outside, inside))
    end
  end
end

--- Fills family, product, model, sku, part, firmware, carrier, config, from, kind, oem and notes of a
-- report that has file_name, bytes and records.
function identity.fill(report)
  local outer = report.records[1]
  report.from, report.notes = {}, {}
  if not outer then return end
  for _, source in ipairs(sources(report)) do
    for _, field in ipairs(fields) do
      if not report[field] and source[2][field] then
        report[field], report.from[field] = source[2][field], source[1]
      end
    end
  end
  report.product, report.from.product = outer.product:upper(), "outer header"
  report.kind = kind_by_records(report) or kind_by_header(report, outer)
  report.oem = is_oem(report, outer)
  compare_with_name(report)
end

return identity
