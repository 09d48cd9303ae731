--- moonflash recover [FILE...]
local request = require "moonflash.cli.request"

return {
  name = "recover",
  usage = "[FILE...]",
  summary = "from whatever state back to a working modem",
  arguments = {
    { "FILE", "firmware and settings to send; without, what the modem stores is used", count = "*",
      target = "files", file = true },
  },
  run = function(wanted)
    return wanted.use.flash.recover(request.for_engine(wanted, { files = wanted.given.files }))
  end,
}
