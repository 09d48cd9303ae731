-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Small images for a simulated modem. Headers, records and checksums are as in real files (reference: cwe); the
-- content is letters.

local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"
local failure = require "moonflash.base.failure"
local models = require "moonflash.sim.models"
local sys = require "moonflash.core.sys"
local T = require("moonflash.sim.template").new

local images = {}

local HEADER = 400
local LETTERS = "moonflash."
local SETTINGS_SIZE = 4000
local tlv = T "<kind:2> <value:4s>"

local function letters(size)
  return LETTERS:rep(math.ceil(size / #LETTERS)):sub(1, size)
end

local function padded(text, width)
  return text .. ("\0"):rep(width - #text)
end

-- A record: its header, and its data.
local function record(kind, product, version, data, prefix)
  prefix = padded(prefix or "", 256)
  return table.concat {
    prefix, bytes.u32be(crc.crc32(prefix)), bytes.u32be(3), "\255\255\255\255", -- revision, indicator
    kind, product, bytes.u32be(#data), bytes.u32be(crc.crc32(data)), padded(version, 84), "11/30/19",
    bytes.u32be(1), ("\0"):rep(4 + 3 * 4), "\0\0\0\1", -- compatibility; options; storage, program, entry; signature
    data,
  }
end

local function firmware(row, version, size)
  local text = ("INTERNAL_?_%s_%s_?_?_?_?"):format(row.family, version.firmware)
  local parts = {}
  for index, kind in ipairs { "BOOT", "MODM", "APPL" } do
    parts[index] = record(kind, row.product:lower(), text, letters(math.floor(size / 3)))
  end
  return record("SPKG", row.product, text, table.concat(parts))
end

-- The payload of an NVUP record with one entry: a file of letters.
local function nvup(size)
  local tlvs = tlv:fill { kind = 1, value = "\1/letters" } .. tlv:fill { kind = 2, value = letters(size) }
  return T "01 00 01 00 01 00 01 00 00 00 <length:4> 03 00 01 00 <tlvs>":fill { length = 8 + #tlvs, tlvs = tlvs }
end

local function settings(row, version)
  local text = ("9999999_9904609_%s_%s_00_%s_%s"):format(row.family, version.firmware, version.carrier,
    version.config)
  local product = row.product:lower()
  local inner = record("FILE", product, "", record("NVUP", product, text, nvup(SETTINGS_SIZE)))
  local prefix = "\1\2\0\0" .. bytes.u32be(HEADER) .. bytes.u32be(#inner) .. "FULL"
  return record("SPKG", row.product, text, inner, prefix)
end

local forms = { firmware = "^%d+%.%d+%.%d+%.%d+$", carrier = "^[%w-]+$", config = "^%d+%.%d+_%d+$" }

local function mistake_in(pair)
  for field, text in pairs(pair) do
    if not text:find(forms[field]) then
      return failure.new("usage", ("'%s' cannot be the %s of an image"):format(text, field))
    end
  end
end

--- Writes a firmware of about size bytes and settings that a simulated model accepts. A pair has firmware, carrier and
-- config where they differ from `test_images` of the model. Returns the paths of the firmware (.cwe) and the settings
-- (.nvu), or nil and a failure: usage, sys.*.
function images.write(model, folder, size, pair)
  local row = models.find(model)
  if not row then return nil, failure.new("usage", "no such model to simulate: " .. model) end
  local mistake = mistake_in(pair or {})
  if mistake then return nil, mistake end
  local version = setmetatable(pair or {}, { __index = row.test_images })
  local name = ("%s/%s_%s"):format(folder, row.family, version.firmware)
  local paths = { name .. ".cwe", ("%s_%s_%s.nvu"):format(name, version.carrier, version.config) }
  local written, problem = sys.write_file(paths[1], firmware(row, version, size))
  if written then written, problem = sys.write_file(paths[2], settings(row, version)) end
  return written and paths, problem
end

return images
