-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Sends only new carrier settings, for the running firmware.
--
--     moonflash run examples/settings-only.lua SWI9X30C_02.08.02.00_SPRINT_002.012_001.nvu

local flash = require "moonflash"
local file = ...
if not file then return nil, "which settings? like: settings-only.lua FILE.nvu" end

local settings = flash.try(flash.image.inspect(file)) -- the report of a damaged file is not ok
if not settings.ok then return nil, settings.failure end
local well = flash.recover {} -- also leaves download mode
if not well.ok then return well end
local running = well.after.firmware
if settings.firmware ~= running then
  return nil, flash.failure.new("script.refused",
    "the settings are for firmware " .. (settings.firmware or "?"),
    { evidence = "the modem runs " .. running })
end
return flash.update { files = { file }, options = { firmware_version = running } }
