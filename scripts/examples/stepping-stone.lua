-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Firmware that cannot be reached in one step: a modem with an older version than the stepping stone gets the stone
-- first. Run again after a failure, the script continues from the version that the modem runs then.
--
--     moonflash run examples/stepping-stone.lua STONE.spk TARGET.spk

local flash = require "moonflash"
local stone, target = ...
if not target then return nil, "which images? like: stepping-stone.lua STONE.spk TARGET.spk" end

-- Both images are checked before the first is sent.
local looked_at = {}
for index, file in ipairs { stone, target } do
  local report = flash.try(flash.image.inspect(file))
  if not report.ok then return nil, report.failure end
  if not report.firmware then return nil, file .. " does not say which firmware it brings" end
  looked_at[index] = report
end

local seen = flash.status()
if not seen.ok then return seen end
local running = seen.status.running -- nil in download mode
if not running or running.firmware < looked_at[1].firmware then
  local result = flash.update { files = { stone } }
  if not result.ok then return result end
end
return flash.update { files = { target } }
