-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Sierra Wireless MC7354 and the other 9x15 cards for mini PCIe: firmware (.cwe) and carrier settings (.nvu) of the
-- same version, or both in one .spk.
-- The steps are those of every update (lua/moonflash/procedure/update_steps.lua).

local flash = require "moonflash"
local route = flash.routes

return flash.model {
  name    = "MC7354",
  aliases = { "MC7304", "MC7330", "MC7350", "MC7305", "MC7355" },
  family  = "SWI9X15C",
  product = "9X15",
  usb     = {
    application = { "1199:68c0", "1199:9041" },
    download    = { "1199:68c0", "1199:9040" }, -- 68c0 is both: one interface alone is download mode
  },
  preference_command = "AT!GOBIIMPREF",

  flash.update_steps {
    enter_download = { routes = {
      route.preference, route.firmware_id, route.boothold, route.boot_download, route.impref } },
    send_images = { final_ack = 120 }, -- 35 MB
  },
}
