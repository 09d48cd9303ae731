-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What an image is and what it is for, and the source of each fact: the outer header, then the headers inside, then
-- the file's name. The headers must agree. The name only fills what is missing, because names may be wrong (a file
-- named Verizon makes a modem report VZW).

local version = require "moonflash.base.version"

local identity = {}

local CARRIER_SKU, NO_SKU = "9999999", "INTERNAL"
local OEM_CODE = 3
local LARGEST_SETTINGS = 1024 * 1024

local fields = { "firmware", "family", "model", "sku", "part", "carrier", "config" }
local compared = { "firmware", "family", "carrier", "config" } -- with the name
local unique = { "family", "product", "carrier", "config" } -- the same in all headers

-- Records that do not decide the kind, and those that tell what the outer header does not.
local wrappers = { SPKG = true, FILE = true }
local tells = { BOOT = true, NVUP = true }

identity.NAME = "file name" -- the source of a field that no header has

-- The chip in the product field. Other products are not published (reference: CWE header).
local function chip_of(record)
  return record.product:upper():match "^9X%d%d$"
end

-- What the headers say, the outer one first: { record, from, fields }.
local function headers_of(report)
  local list = {}
  for index, record in ipairs(report.records) do
    local from = index == 1 and "outer header" or ("%s header at %.0f"):format(record.type, record.offset)
    list[index] = { record = record, from = from, fields = version.parse(record.version) }
    list[index].fields.product = chip_of(record)
  end
  return list
end

local function fill_missing(report, from, found)
  for _, field in ipairs(fields) do
    if not report[field] and found[field] then report[field], report.from[field] = found[field], from end
  end
end

-- The content decides. A name with another version gets a note; it says for which modem an image is only when no header
-- does.
local function fill_from_name(report)
  local named, chip = version.of_file(report.file_name), chip_of(report.records[1])
  for _, field in ipairs(compared) do
    local inside, outside = report[field], named[field]
    if inside and outside and inside:lower() ~= outside:lower() then
      table.insert(report.notes, ("the name says %s %s, the image itself %s: the image counts")
        :format(field, outside, inside))
    end
  end
  local is_other = named.family and chip and not named.family:find(chip, 1, true)
  if report.family or report.model or is_other then named.family, named.model = nil, nil end
  fill_missing(report, identity.NAME, named)
end

local function find_contradiction(headers)
  for _, field in ipairs(unique) do
    local first
    for _, header in ipairs(headers) do
      local value = header.fields[field]
      first = first or value and header
      if value and value:lower() ~= first.fields[field]:lower() then
        return { code = "image.corrupt", kind = "contradiction", offset = header.record.offset,
          message = ("its headers contradict each other: %s %s (%s), %s (%s)"):format(field, first.fields[field],
            first.from, value, header.from) }
      end
    end
  end
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

--- Fills family, product, model, sku, part, firmware, carrier, config, from, kind, oem and notes of a report that has
-- file_name, bytes, records and problems. Headers that contradict each other are a problem.
function identity.fill(report)
  local outer, headers = report.records[1], headers_of(report)
  report.from, report.notes = {}, {}
  if not outer then return end
  for _, header in ipairs(headers) do
    if header.record == outer or tells[header.record.type] then fill_missing(report, header.from, header.fields) end
  end
  report.product, report.from.product = outer.product:upper(), "outer header"
  fill_from_name(report)
  report.kind = kind_by_records(report) or kind_by_header(report, outer)
  report.oem = is_oem(report, outer)
  report.problems[#report.problems + 1] = find_contradiction(headers)
end

return identity
