--- Small images for a simulated modem. Headers, records and checksums are as in real files; the content is letters.
-- @module moonflash.sim.test_images

local bytes = require "moonflash.core.bytes"
local cwe_writer = require "moonflash.sim.cwe_writer"
local failure = require "moonflash.base.failure"
local models = require "moonflash.sim.models"

local images = {}

local LETTERS = "moonflash."
local SETTINGS_SIZE = 4000

local function letters(size)
  return LETTERS:rep(math.ceil(size / #LETTERS)):sub(1, size)
end

local function wrap(kind, product, version, data)
  return cwe_writer.record({ type = kind, product = product, version = version, compatibility = 1 }, data)
end

local function firmware(row, version, size)
  local text = ("INTERNAL_?_%s_%s_?_?_?_?"):format(row.family, version.firmware)
  local product, parts = row.product:lower(), {}
  for index, kind in ipairs { "BOOT", "MODM", "APPL" } do
    parts[index] = wrap(kind, product, text, letters(math.floor(size / 3)))
  end
  return wrap("SPKG", row.product, text, parts)
end

local function tlv(kind, value)
  return bytes.u16le(kind) .. bytes.u32le(#value) .. value
end

-- An NVUP payload of one entry: a file of letters (reference: cwe 7).
local function nvup(size)
  local entry = bytes.u16le(3) .. bytes.u16le(1) .. tlv(1, "\1/letters") .. tlv(2, letters(size))
  local head = bytes.u16le(1) .. bytes.u16le(1) .. bytes.u16le(1) .. bytes.u32le(1)
  return head .. bytes.u32le(4 + #entry) .. entry
end

local function settings(row, version)
  local text = ("9999999_9904609_%s_%s_00_%s_%s"):format(row.family, version.firmware, version.carrier,
    version.config)
  local product = row.product:lower()
  local inner = wrap("FILE", product, "", { wrap("NVUP", product, text, nvup(SETTINGS_SIZE)) })
  local size = inner.size + cwe_writer.HEADER
  local prefix = "\1\2\0\0" .. bytes.u32be(cwe_writer.HEADER) .. bytes.u32be(size) .. "FULL"
  return cwe_writer.record({ type = "SPKG", product = row.product, version = text, prefix = prefix }, { inner })
end

local forms = { firmware = "^%d+%.%d+%.%d+%.%d+$", carrier = "^[%w-]+$", config = "^%d+%.%d+_%d+$" }

local function mistake_in(pair)
  for field, text in pairs(pair) do
    if not text:find(forms[field]) then
      return failure.new("usage", ("'%s' cannot be the %s of an image"):format(text, field))
    end
  end
end

--- Writes a firmware and settings that a simulated modem accepts.
-- @tparam string model of moonflash.sim.models
-- @tparam string folder
-- @tparam number size bytes of the firmware, about
-- @tparam[opt] table pair firmware, carrier, config, where they differ from `test_images` of the model
-- @treturn table paths: the firmware (.cwe), the settings (.nvu); or nil and failure usage
function images.write(model, folder, size, pair)
  local row = models.find(model)
  if not row then return nil, failure.new("usage", "no such model to simulate: " .. model) end
  local mistake = mistake_in(pair or {})
  if mistake then return nil, mistake end
  local version = setmetatable(pair or {}, { __index = row.test_images })
  local name = ("%s/%s_%s"):format(folder, row.family, version.firmware)
  return {
    cwe_writer.write(firmware(row, version, size), name .. ".cwe"),
    cwe_writer.write(settings(row, version), ("%s_%s_%s.nvu"):format(name, version.carrier, version.config)),
  }
end

return images
