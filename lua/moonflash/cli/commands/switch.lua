--- moonflash switch BUILD|CARRIER
local request = require "moonflash.cli.request"

return {
  name = "switch",
  usage = "BUILD|CARRIER",
  summary = "use an image pair the modem already stores",
  arguments = {
    { "PAIR", "GENERIC, 02.33.03.00, 02.33.03.00_GENERIC, or all of 02.33.03.00_GENERIC_002.072_000",
      target = "pair" },
  },
  run = function(wanted)
    return wanted.use.flash.switch(request.for_engine(wanted, { pair = wanted.given.pair }))
  end,
}
