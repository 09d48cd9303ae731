-- What every modem runs, prefers and stores, one JSON object a line. Changes nothing.
--
--     moonflash run examples/inventory.lua

local flash, json = require "moonflash", require "cjson"

for _, device in ipairs(flash.try(flash.devices())) do
  local seen = flash.status { selection = { place = device.place } }.status
  print(json.encode {
    place = device.place, model = device.model, serial = device.serial, mode = device.mode,
    running = seen.running, preferred = seen.preferred, stored = #seen.stored, power = seen.power.mode,
  })
end
