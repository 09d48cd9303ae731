-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Images as the vendor packs them: firmware (.cwe), settings of a carrier (.nvu), both (.spk).
-- What is inside the leaves is noise; everything around it is as in real files.
--
--     local packages = require "tests.images.packages"
--     packages.write(packages.firmware { size = 64330846, version = "02.33.03.00" }, folder)
--
-- Options, all with defaults: family, version, carrier, config, size (bytes of the whole file), seed,
-- and for settings sku (other than 9999999: an OEM's), device (an OEM's has the model there) and more (a list
-- of further entries, see tests.images.nvup).
-- @module tests.images.packages

local build = require "tests.images.build"
local bytes = require "moonflash.core.bytes"
local content = require "tests.images.content"
local nvup = require "tests.images.nvup"

local packages = {}

local CARRIER_SKU = "9999999"
local COMPATIBLE = 1

local defaults = {
  family = "SWI9X30C", version = "02.33.03.00", carrier = "GENERIC", config = "002.072_000", seed = 1,
  sku = CARRIER_SKU, part = "9904609", size = 2500000, settings_size = 23855,
}

-- Share of each leaf in a firmware image; the last one of all takes what is left.
local firmware_layout = {
  { "BOOT", { { "SBL1", 0.006 }, { "QRPM", 0.003 }, { "TZON", 0.008 } } },
  { "MODM", { { "AMSS", 0.55 } } },
  { "APPL", { { "APPS", 0.12 }, { "SYST", 0.25 }, { "USER" } } },
}

local function with_defaults(options)
  return setmetatable({}, { __index = function(_, name)
    local value = (options or {})[name]
    if value == nil then value = defaults[name] end
    return value
  end })
end

local function product(family)
  return family:match "^SWI(%w%w%w%w)" or "9X30"
end

local function record(options, fields, data)
  fields.product = fields.product or product(options.family):lower()
  return build.record(fields, data)
end

local function outer(options, fields, data)
  fields.type, fields.product = "SPKG", product(options.family)
  return record(options, fields, data)
end

local function settings_version(options)
  return table.concat({ options.sku, options.part, options.device or options.family, options.version,
    "00", options.carrier, options.config }, "_")
end

local function headers_of(layout)
  local count = 0
  for _, composite in ipairs(layout) do count = count + 1 + #composite[2] end
  return count * build.HEADER
end

-- BOOT, MODM and APPL with their leaves, `size` bytes in all.
local function firmware_records(options, size)
  local noise = size - headers_of(firmware_layout)
  assert(noise >= 1000, "too small for a firmware image")
  local text = ("INTERNAL_?_%s_%s_?_?_?_?"):format(options.family, options.version)
  local left, records, leaf_number = noise, {}, 0
  for _, composite in ipairs(firmware_layout) do
    local leaves = {}
    for _, leaf in ipairs(composite[2]) do
      local length = leaf[2] and math.floor(noise * leaf[2]) or left
      left, leaf_number = left - length, leaf_number + 1
      leaves[#leaves + 1] = record(options, { type = leaf[1], version = text, indicator = "GOOD" },
        content.stream(length, options.seed, leaf_number))
    end
    local fields = { type = composite[1], version = text, indicator = "GOOD" }
    records[#records + 1] = record(options, fields, leaves)
  end
  return records
end

local function entries(options, filler)
  local list = {
    nvup.variable("CARRIERID", "\1\0"),
    nvup.variable("PRI_CARRIER_REV", options.config),
    nvup.item(0x0f0b, "\3"),
    nvup.item(0x0370, "\1"),
    nvup.file("/nv/item_files/modem/filler", content.bytes(filler, options.seed, 99)),
  }
  for _, entry in ipairs(options.more or {}) do list[#list + 1] = entry end
  return list
end

-- FILE > FILE > NVUP, `size` bytes in all.
local function settings_records(options, size)
  local text = settings_version(options)
  local filler = size - 3 * build.HEADER - #nvup.payload(entries(options, 0))
  assert(filler >= 0, "too small for settings")
  local path = ("/swir/nvdelta/NVUP_%s.%s"):format(options.carrier, options.config:match "%.(%d+)" or "000")
  local update = record(options, { type = "NVUP", version = text, indicator = "GOOD",
    compatibility = COMPATIBLE, signature = "Pars" }, nvup.payload(entries(options, filler)))
  local named = record(options, { type = "FILE", version = path }, { update })
  return { record(options, { type = "FILE" }, { named }) }
end

-- What an .nvu carries in its first 256 bytes.
local function file_header(options, size)
  local code = options.sku == CARRIER_SKU and 2 or 3
  return bytes.u8(1) .. bytes.u8(code) .. "\0\0" .. bytes.u32be(build.HEADER) .. bytes.u32be(size) .. "FULL"
end

--- A firmware image.
-- @treturn table record, with `name`: the file name the vendor gives it
function packages.firmware(options)
  options = with_defaults(options)
  local made = outer(options, {
    version = ("INTERNAL_?_%s_%s_?_?_?_?"):format(options.family, options.version),
    compatibility = COMPATIBLE,
  }, firmware_records(options, options.size - build.HEADER))
  made.name = ("%s_%s.cwe"):format(options.family, options.version)
  return made
end

--- The settings of a carrier or an OEM. Its size is settings_size.
-- @treturn table record with `name`
function packages.settings(options)
  options = with_defaults(options)
  local size = options.settings_size - build.HEADER
  local made = outer(options, { version = settings_version(options), prefix = file_header(options, size) },
    settings_records(options, size))
  made.name = ("%s_%s_%s_%s.nvu"):format(options.device or options.family, options.version,
    options.carrier, options.config)
  return made
end

--- Firmware and settings in one.
-- @treturn table record with `name`
function packages.package(options)
  options = with_defaults(options)
  local records = firmware_records(options, options.size - options.settings_size)
  records[#records + 1] = settings_records(options, options.settings_size - build.HEADER)[1]
  local made = outer(options, { version = settings_version(options), compatibility = COMPATIBLE }, records)
  made.name = settings_version(options) .. ".spk"
  return made
end

--- Writes an image into a folder under its own name.
-- @treturn string the path
function packages.write(made, folder)
  return build.write(made, folder .. "/" .. made.name)
end

return packages
