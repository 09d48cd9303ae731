--- moonflash update FILE...
local request = require "moonflash.cli.request"

return {
  name = "update",
  usage = "FILE...",
  summary = "bring the modem to the firmware in FILE...",
  arguments = {
    { "FILE", "firmware and settings in any order; - is standard input", count = "+", target = "files",
      file = true },
  },
  run = function(wanted)
    return wanted.use.flash.update(request.for_engine(wanted, { files = wanted.given.files }))
  end,
}
