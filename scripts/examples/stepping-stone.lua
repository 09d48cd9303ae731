-- Firmware that cannot be reached in one step: what runs an older version than the stepping stone
-- gets that first. Started again after a failure, it goes on from what the modem runs then.
--
--     moonflash run examples/stepping-stone.lua STONE.spk TARGET.spk

local flash = require "moonflash"
local stone, target = ...
if not target then return nil, "which images? like: stepping-stone.lua STONE.spk TARGET.spk" end

local seen = flash.status()
if not seen.ok then return seen end
local running = seen.status.running
if not running or running.firmware < flash.try(flash.image.inspect(stone)).firmware then
  local result = flash.update { files = { stone } }
  if not result.ok then return result end
end
return flash.update { files = { target } }
