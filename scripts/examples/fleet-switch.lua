-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Switches all modems to a carrier whose images they store; nothing is downloaded.
--
--     moonflash run examples/fleet-switch.lua SPRINT

local flash = require "moonflash"
local carrier = ...
if not carrier then return nil, "which carrier? like: fleet-switch.lua SPRINT" end

local failed
for _, device in ipairs(flash.try(flash.devices())) do
  local result = flash.switch { pair = carrier, selection = { place = device.place } }
  flash.log.say("%s at %s: %s", device.model or "modem", device.place, tostring(result.failure or carrier))
  if not result.ok then failed = failed or result end
end
return failed
