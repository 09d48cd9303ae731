-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Commands of the service Basic Connect (MBIM 1.0, chapter 10.5), for programs that manage a modem. The modem is
-- registered in the test network 001 01 while its radio is on, and no call is set up.

local bytes = require "moonflash.core.bytes"
local power = require "moonflash.sim.power"
local T = require("moonflash.sim.template").new

local services = {}

--- The UUID of Basic Connect.
services.BASIC_CONNECT = T "a2 89 cc 33 bc bb 8b 4f b6 b0 13 3e c2 aa e6 df":fill()

local SUCCESS, FAILURE, NO_SUPPORT = 0, 2, 9 -- MBIM_STATUS
local SET = 1
local NO_LIMIT = T "ff ff ff ff":fill()
local GSM, LTE = 1, 32 -- cellular class, data class
local ALL_DATA_CLASSES = 63

local function is_on(modem)
  return modem.power == 0
end

local function wide(text)
  return (text:gsub(".", "%0\0"))
end

local function padded(text)
  return text .. ("\0"):rep(-#text % 4)
end

-- An information buffer: numbers of 32 bits, { bytes }, and texts, which are an offset and a length here and have their
-- characters at the end.
local function buffer(fields)
  local head, tail, at = {}, {}, 0
  for _, field in ipairs(fields) do
    at = at + (type(field) == "number" and 4 or type(field) == "string" and 8 or #field[1])
  end
  for index, field in ipairs(fields) do
    if type(field) == "string" then
      local text = wide(field)
      head[index] = bytes.u32le(text ~= "" and at or 0) .. bytes.u32le(#text)
      tail[#tail + 1], at = padded(text), at + #padded(text)
    else
      head[index] = type(field) == "number" and bytes.u32le(field) or field[1]
    end
  end
  return table.concat(head) .. table.concat(tail)
end

local queries, sets = {}, {}

-- Device Caps: embedded, one removable SIM, no voice; eight sessions; the id is the IMEI
queries[1] = function(modem)
  local model = modem.model
  return buffer { 1, GSM, 1, 2, ALL_DATA_CLASSES, 3, 1, 8, "", model.identity.imei, modem:revision(), model.name }
end

-- Subscriber Ready Status: initialized, one telephone number
queries[2] = function(modem)
  local card = modem.model.sim_card
  return buffer { 1, card.imsi, card.iccid, 0, 1, card.number }
end

-- Radio State: of the pin, of the software
queries[3] = function(modem)
  local votes = power.votes(modem)
  return buffer { votes.W_DISABLE and 0 or 1, is_on(modem) and 1 or 0 }
end
sets[3] = function(modem, data)
  power.set(modem, bytes.get_u32le(data, 1) == 1 and 0 or 1)
  return queries[3](modem)
end

-- Pin: none is asked for. Pin List: PIN1 is off, the others cannot be used
queries[4] = function() return buffer { 0, 0, { NO_LIMIT } } end
queries[5] = function() return buffer { 2, 1, 4, 8, { ("\0"):rep(9 * 16) } } end

-- Home Provider
queries[6] = function() return buffer { "00101", 1, "Test", GSM, 0, 0 } end

-- Register State: at home, or switched off; automatic
queries[9] = function(modem)
  local on = is_on(modem)
  return buffer { 0, on and 3 or 1, 1, on and LTE or 0, GSM, on and "00101" or "", on and "Test" or "", "", 2 }
end
sets[9] = queries[9]

-- Packet Service: attached or not, with 50 and 300 Mbit/s
queries[10] = function(modem)
  return buffer { 0, is_on(modem) and 2 or 4, is_on(modem) and LTE or 0, 50000000, 0, 300000000, 0 }
end
sets[10] = queries[10]

-- Signal State: -67 dBm, or unknown
queries[11] = function(modem) return buffer { is_on(modem) and 23 or 99, 99, 5, 2, 99 } end
sets[11] = queries[11]

-- Connect: session 0 is not active
queries[12] = function() return buffer { 0, 3, 0, 0, { ("\0"):rep(16) }, 0 } end

-- Provisioned Contexts: none
queries[13] = function() return buffer { 0 } end

-- Device Services: this one, with the commands above
queries[16] = function()
  local ids = {}
  for id in pairs(queries) do ids[#ids + 1] = bytes.u32le(id) end
  table.sort(ids)
  local element = services.BASIC_CONNECT .. buffer { 0, 0, #ids + 1 } .. table.concat(ids) .. bytes.u32le(19)
  return buffer { 1, 0, 16, #element } .. element
end

-- Device Service Subscribe List: libmbim sends it at open; there are no indications
sets[19] = function(_, data) return data end

--- The answer to a command of Basic Connect: a status of MBIM and the information buffer.
-- @tparam number command
-- @tparam number kind 0: query, 1: set
function services.answer(modem, command, kind, data)
  if command == 12 and kind == SET then return FAILURE, "" end
  local handler = (kind == SET and sets or queries)[command]
  if not handler then return NO_SUPPORT, "" end
  return SUCCESS, handler(modem, data)
end

return services
