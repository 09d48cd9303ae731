-- Sierra Wireless MC7455: firmware (.cwe) plus carrier settings (.nvu), or both in one .spk.
-- Starts from any state: every step runs only in the mode it is for.

local flash = require "moonflash"
local step, route = flash.steps, flash.routes

return flash.model {
  name    = "MC7455",
  aliases = { "EM7455", "MC7430", "EM7430" },
  family  = "SWI9X30C",
  product = "9X30",
  usb     = {
    application = { "1199:9071", "1199:9079", "1199:907b", "413c:81b6" },
    download    = { "1199:9070", "1199:9078", "1199:907a", "413c:81b5" },
  },

  step.read_versions   { mode = "application" },
  step.stop_if_current { mode = "application" },
  step.set_preference  { mode = "application", undo = "restore the preference" },
  step.enter_download  { mode = "application", within = 120, attempts = 3,
                         routes = { route.preference, route.firmware_id, route.boot_download } },
  step.send_images     { mode = "download", retry = 2, again = 1, final_ack = 180 },
  step.leave_download  { mode = "download" },
  step.wait            { mode = "application", within = 240 },
  step.confirm         { retry = 24, pause = 5, again = 1 },
}
