-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Sierra Wireless EM7305 and the other 9x15 modules of laptops: firmware (.cwe) and carrier settings (.nvu), both in
-- one .spk, or the settings of a laptop's maker alone. Most have no AT port. Old firmware (01.08.00.04) does not answer
-- the preference as expected: the route firmware-id matters here.
-- The steps are those of every update (lua/moonflash/procedure/update_steps.lua).

local flash = require "moonflash"
local route = flash.routes

return flash.model {
  name    = "EM7305",
  aliases = { "EM7355", "MC8805", "DW5808", "DW5809e", "DW5570", "lt4111" },
  family  = "SWI9X15C",
  product = "9X15",
  usb     = {
    application = {
      "1199:9063", "1199:901f", "1199:9061", -- EM7305, EM7355, one more of the kernel's
      "413c:81a3", "413c:81a4", "413c:81a8", "413c:81a9", "413c:81b1", "413c:81b3", -- Dell
      "03f0:4e1d",                           -- HP
    },
    download = { "1199:9062", "1199:901e", "1199:9060", "413c:81a6" },
  },
  preference_command = "AT!GOBIIMPREF",

  flash.update_steps {
    enter_download = { routes = {
      route.preference, route.firmware_id, route.boothold, route.boot_download } },
    send_images = { final_ack = 120 }, -- 35 MB
  },
}
