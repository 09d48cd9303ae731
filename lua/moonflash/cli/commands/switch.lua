--- moonflash switch BUILD|CARRIER
local request = require "moonflash.cli.request"

return {
  name = "switch",
  usage = "BUILD|CARRIER",
  summary = "use an image pair the modem already stores",
  arguments = {
    { "PAIR", "a carrier (GENERIC), a firmware version or a build id (02.33.03.00_GENERIC)",
      target = "pair" },
  },
  run = function(wanted)
    return wanted.use.flash.switch(request.for_engine(wanted, { pair = wanted.given.pair }))
  end,
}
