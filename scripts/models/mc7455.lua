-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Sierra Wireless MC7455 and the other 9x30 modems: firmware (.cwe) and carrier settings (.nvu), or both in one .spk.
--
-- The steps are those of every update (lua/moonflash/procedure/update_steps.lua): read versions, stop if current,
-- set preference, enter download mode, send images, leave download mode, wait for the modem, confirm. Each runs only in
-- the mode it is for, so an update starts from any state.

local flash = require "moonflash"
local route = flash.routes

return flash.model {
  name    = "MC7455",
  aliases = { "EM7455", "MC7430", "EM7430", "DW5811e", "DW5816e" },
  family  = "SWI9X30C",
  product = "9X30",
  usb     = {
    application = {
      "1199:9071", "1199:9079", "1199:907b", -- generic, Lenovo, one more pair of the kernel's
      "1199:9068", "1199:68b1",              -- RNDIS, MBIM only
      "413c:81b6", "413c:81c2", "413c:81cc", -- Dell DW5811e (two), DW5816e
    },
    download = { "1199:9070", "1199:9078", "1199:907a", "413c:81b5", "413c:81cb" },
  },
  preference_command = "AT!IMPREF",

  flash.update_steps {
    enter_download = { routes = {
      route.preference, route.firmware_id, route.boothold, route.boot_download, route.impref } },
    send_images = { final_ack = 140 }, -- 64 MB: the last answer took up to 50 s
  },
}
