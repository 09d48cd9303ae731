-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Lists what each modem runs, prefers and stores, one JSON object a line. Changes nothing.
--
--     moonflash run examples/inventory.lua

local flash, json = require "moonflash", require "cjson"

local failed
for _, device in ipairs(flash.try(flash.devices())) do
  local asked = flash.status { selection = { place = device.place } }
  local seen = asked.status or {} -- none of a modem that does not answer
  failed = failed or asked.failure
  print(json.encode {
    place = device.place, model = device.model, serial = device.serial, mode = device.mode,
    running = seen.running, preferred = seen.preferred, stored = seen.running and #seen.stored,
    power = seen.power and seen.power.mode, failure = asked.failure and asked.failure.message,
  })
end
return failed == nil or nil, failed
