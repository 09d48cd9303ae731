--- moonflash run SCRIPT [ARG...]
local request = require "moonflash.cli.request"

return {
  name = "run",
  usage = "SCRIPT [ARG...]",
  summary = "run a script of your own",
  arguments = {
    { "SCRIPT", "a Lua file, or the name of a script that comes with moonflash", target = "script",
      file = true },
    { "ARG", "everything after SCRIPT belongs to it", count = "*", target = "script_arguments",
      file = "perhaps" },
  },
  run = function(wanted)
    local given = wanted.given
    return wanted.use.flash.run_script(request.for_engine(wanted,
      { path = given.script, arguments = given.script_arguments }))
  end,
}
