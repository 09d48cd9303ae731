--- moonflash test-script SCRIPT [FILE...]
local later = require "moonflash.base.later"
local values = require "moonflash.cli.values"

return {
  name = "test-script",
  needs = "trial",
  usage = "SCRIPT [FILE...] [--time-scale X]",
  summary = "a script against the simulator and its faults",
  arguments = {
    { "SCRIPT", "a Lua file, or the name of a script; one that is no model's needs --model",
      target = "script" },
    { "FILE", "what the script is given; small images made for the purpose, if nothing", count = "*",
      target = "files" },
  },
  options = {
    { "--time-scale", value = "X", convert = values.scale, "X times as long as a real modem takes (0.01)" },
  },
  run = later("moonflash.cli.simulator.test_script", "run"),
}
