-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The messages of each QMI service, by name of the service and id (reference: qmi 3 to 6). Each function takes the
-- modem and the request's TLVs, and returns the TLVs of a good answer (true for none), or nil and a QMI error.

local bytes = require "moonflash.core.bytes"
local lists = require "moonflash.sim.dms_lists"
local network = require "moonflash.sim.qmi_network"
local power = require "moonflash.sim.power"
local tables = require "moonflash.base.table"
local T = require("moonflash.sim.template").new

local dms = {}

-- QMI errors (reference: qmi 6)
local malformed, missing_argument, invalid_argument, storage_full, no_such_message = 1, 17, 48, 51, 71

local function tlv(kind, value)
  return T "<kind:1> <value:2s>":fill { kind = kind, value = value }
end

local function text(kind, get)
  return function(modem) return tlv(kind, get(modem)) end
end

dms[0x0021] = text(0x01, function(modem) return modem.model.identity.manufacturer end)
dms[0x0022] = text(0x01, function(modem) return modem.model.name end)
dms[0x0023] = text(0x01, function(modem) return modem:revision() end)
dms[0x0025] = function(modem)
  return tlv(0x11, modem.model.identity.imei) .. tlv(0x13, modem.model.identity.imei_sv)
end
dms[0x002c] = text(0x01, function() return "1.0" end) -- hardware revision
dms[0x003c] = text(0x01, function(modem) return modem.model.sim_card.iccid end)
dms[0x0043] = text(0x01, function(modem) return modem.model.sim_card.imsi end)
dms[0x0046] = text(0x01, function(modem) return modem.model.identity.sku end)
dms[0x0051] = text(0x01, function(modem) return modem:revision() end)

-- Get MSISDN: the number, and the IMSI
dms[0x0024] = function(modem)
  return tlv(0x01, modem.model.sim_card.number) .. tlv(0x11, modem.model.sim_card.imsi)
end

-- UIM Get PIN Status: disabled, three tries, ten for the PUK; UIM Get State: ready
dms[0x002b] = function() return T "11 03 00 03 03 0a":fill() end
dms[0x0044] = text(0x01, function() return "\0" end)

-- Get Capabilities: LTE, UMTS, GSM
dms[0x0020] = function()
  return T "01 0e 00 <tx:4> <rx:4> 04 02 03 08 05 04":fill { tx = 50000000, rx = 300000000 }
end

-- Get Operating Mode
dms[0x002d] = function(modem)
  local restricted = power.votes(modem).W_DISABLE and 1 or 0
  local answer = tlv(0x01, bytes.u8(modem.power)) .. tlv(0x11, bytes.u8(restricted))
  local reason = power.offline_reason(modem)
  if reason ~= 0 then answer = answer .. tlv(0x10, bytes.u16le(reason)) end
  return answer
end

-- Set Operating Mode
dms[0x002e] = function(modem, tlvs)
  local mode = bytes.get_u8(tlvs[0x01] or "", 1)
  if not mode then return nil, missing_argument end
  return power.set(modem, mode)
end

-- Set Firmware ID: the modem restarts into download mode
dms[0x003e] = function(modem)
  modem:restart_into_download("firmware id", modem.seconds.reset)
  return true
end

local function has_preference(modem)
  return not modem.faults:value "no-preference"
end

-- Get Firmware Preference: both entries are <config> / <firmware>_<carrier>, in whatever form they were set
dms[0x0047] = function(modem)
  if not has_preference(modem) then return nil, no_such_message end
  return tlv(0x01, lists.preference(modem.store.preferred))
end

-- Set Firmware Preference
dms[0x0048] = function(modem, tlvs)
  if not has_preference(modem) then return nil, no_such_message end
  local pair, code = lists.read_preference(tlvs[0x01] or "")
  if not pair then return nil, code end
  local override = bytes.get_u8(tlvs[0x10] or "\0", 1) == 1
  local slot = bytes.get_u8(tlvs[0x11] or "", 1)
  if slot and (slot < 1 or slot > modem.model.most.firmware) then return nil, invalid_argument end
  if not modem.store:has_room(pair, slot) then return nil, storage_full end
  local wanted = modem:prefer(pair, override, slot)
  if modem.faults:value "no-wanted-list" then return true end
  return tlv(0x01, bytes.u8(#wanted) .. string.char(tables.unpack(wanted)))
end

-- List Stored Images
dms[0x0049] = function(modem)
  if not has_preference(modem) then return nil, no_such_message end
  return tlv(0x01, lists.stored(modem.store))
end

-- Delete Stored Image
dms[0x004a] = function(modem, tlvs)
  local image = lists.read_image(tlvs[0x01] or "")
  if not image then return nil, malformed end
  if not modem.store:delete(image.kind, image.build, image.id) then return nil, invalid_argument end
  return true
end

-- Get Stored Image Info: boot version of a firmware, PRI version of settings
dms[0x004c] = function(_, tlvs)
  local image = lists.read_image(tlvs[0x01] or "")
  if not image then return nil, malformed end
  if image.kind == 0 then return tlv(0x10, T "02 00 08 00":fill()) end
  return tlv(0x11, bytes.u32le(7) .. "9999999_9904609" .. ("\0"):rep(17))
end

-- Get and Set Boot Image Download Mode
dms[0x004f] = function(modem)
  return tlv(0x10, bytes.u8(modem.boot_download and 1 or 0))
end
dms[0x0050] = function(modem, tlvs)
  local mode = bytes.get_u8(tlvs[0x01] or "", 1)
  if not mode then return nil, missing_argument end
  if mode > 1 then return nil, invalid_argument end
  modem.boot_download = mode == 1
  return true
end

-- Sierra: Get Current Firmware; an MC7354 leaves out the settings
dms[0x5556] = function(modem)
  local running, identity = modem.store.running, modem.model.identity
  local version = modem:revision()
  local answer = tlv(0x10, modem.model.name) .. tlv(0x11, version) .. tlv(0x12, version)
    .. tlv(0x13, identity.sku) .. tlv(0x14, identity.package) .. tlv(0x15, identity.carrier_id)
  if not modem.model.tells_settings then return answer end
  return answer .. tlv(0x16, running.config) .. tlv(0x17, running.carrier) .. tlv(0x18, running.config)
end

-- Sierra: Get USB Composition: 6, 8 and 9 are supported
dms[0x555b] = function(modem)
  local now = tonumber(modem.faults:value "composition") or 6
  return T "10 01 00 <now:1> 11 04 00 03 06 08 09":fill { now = now }
end

dms[0x555f] = power.unlock -- Sierra: Set FCC Authentication

-- Set Event Report; Get Band Capabilities
dms[0x0001] = function() return true end
dms[0x0045] = network.band_capabilities

return tables.merge(network.services, { dms = dms })
