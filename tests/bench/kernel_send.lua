-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Verifies an image and sends it to a modem in download mode, as an update does; prints the ms of the transfer:
--     lua5.1 tests/bench/kernel_send.lua ADDRESS IMAGE
local flash = require "moonflash"

local address, path = ...
local report = flash.try(flash.image.inspect(path, { to_send = true }))
local session = flash.try(flash.download.open(address))
local begun = flash.sys.clock_ms()
flash.try(session:send(report:open()))
print(flash.sys.clock_ms() - begun)
session:reset()
session:close()
