--- Small images for a simulated modem: headers, records and checksums as in real files, letters
-- instead of content.
-- @module moonflash.sim.test_images

local bytes = require "moonflash.core.bytes"
local failure = require "moonflash.base.failure"
local models = require "moonflash.sim.models"
local records = require "moonflash.sim.cwe_writer"

local images = {}

local LETTERS = "moonflash."
local SETTINGS_SIZE = 4000

-- Newer than what any of the models has at first.
local versions = {
  SWI9X30C = { firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" },
  SWI9X15C = { firmware = "05.05.78.00", carrier = "GENERIC", config = "005.037_000" },
}

local function letters(size)
  return LETTERS:rep(math.ceil(size / #LETTERS)):sub(1, size)
end

local function wrap(kind, product, version, data)
  return records.record({ type = kind, product = product, version = version, compatibility = 1 }, data)
end

local function firmware(row, version, size)
  local text = ("INTERNAL_?_%s_%s_?_?_?_?"):format(row.family, version.firmware)
  local product, parts = row.product:lower(), {}
  for index, kind in ipairs { "BOOT", "MODM", "APPL" } do
    parts[index] = wrap(kind, product, text, letters(math.floor(size / 3)))
  end
  return wrap("SPKG", row.product, text, parts)
end

local function settings(row, version)
  local text = ("9999999_9904609_%s_%s_00_%s_%s"):format(row.family, version.firmware, version.carrier,
    version.config)
  local product = row.product:lower()
  local inner = wrap("FILE", product, "", { wrap("NVUP", product, text, letters(SETTINGS_SIZE)) })
  local size = inner.size + records.HEADER
  local prefix = "\1\2\0\0" .. bytes.u32be(records.HEADER) .. bytes.u32be(size) .. "FULL"
  return records.record({ type = "SPKG", product = row.product, version = text, prefix = prefix }, { inner })
end

local forms = { firmware = "^%d+%.%d+%.%d+%.%d+$", carrier = "^[%w-]+$", config = "^%d+%.%d+_%d+$" }

local function misspelt(pair)
  for field, text in pairs(pair) do
    if not text:find(forms[field]) then
      return failure.new("usage", ("'%s' cannot be the %s of an image"):format(text, field))
    end
  end
end

--- Writes a firmware and settings that a simulated modem takes.
-- @tparam string model of moonflash.sim.models
-- @tparam string folder
-- @tparam number size bytes of the firmware, about
-- @tparam[opt] table pair firmware, carrier, config: what they bring, where it is not the usual
-- @treturn table paths: the firmware (.cwe), the settings (.nvu); or nil and failure usage
function images.write(model, folder, size, pair)
  local row = models.find(model)
  if not row then return nil, failure.new("usage", "no such model to simulate: " .. model) end
  local wrong = misspelt(pair or {})
  if wrong then return nil, wrong end
  local version = setmetatable(pair or {}, { __index = versions[row.family] })
  local name = ("%s/%s_%s"):format(folder, row.family, version.firmware)
  return {
    records.write(firmware(row, version, size), name .. ".cwe"),
    records.write(settings(row, version), ("%s_%s_%s.nvu"):format(name, version.carrier, version.config)),
  }
end

return images
