-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- NVUP payloads: the settings of a carrier as a list of entries, little-endian.
-- @module tests.images.nvup

local bytes = require "moonflash.core.bytes"

local nvup = {}

local NAME, VALUE = 1, 2
local HEADER = bytes.u16le(1) -- version; the count follows, then two fields of unknown meaning

local function tlv(kind, value)
  return bytes.u16le(kind) .. bytes.u32le(#value) .. value
end

local function entry(b, c, body)
  return bytes.u32le(8 + #body) .. bytes.u16le(b) .. bytes.u16le(c) .. body
end

--- A named variable, as CARRIERID.
function nvup.variable(name, value)
  return entry(1, 1, tlv(NAME, "\8" .. name) .. tlv(VALUE, value))
end

--- A file of the modem.
function nvup.file(path, value)
  return entry(3, 1, tlv(NAME, "\1" .. path) .. tlv(VALUE, value))
end

--- A numbered NV item.
function nvup.item(number, value)
  return entry(0, 1, tlv(number, value))
end

--- A payload of entries.
function nvup.payload(entries)
  return HEADER .. bytes.u16le(#entries) .. bytes.u16le(1) .. bytes.u32le(1) .. table.concat(entries)
end

return nvup
