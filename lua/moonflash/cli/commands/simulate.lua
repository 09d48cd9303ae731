--- moonflash simulate MODEL
local later = require "moonflash.base.later"
local values = require "moonflash.cli.values"

return {
  name = "simulate",
  needs = "simulator",
  usage = "MODEL... [--dir DIR] [--images DIR] [--time-scale X] [--fault FAULT]...",
  summary = "software modems until interrupted; prints their root when ready",
  arguments = {
    { "MODEL", "the model of each, like mc7455; `list`: show the models and faults", count = "+",
      target = "models" },
  },
  options = {
    { "--dir", value = "DIR", convert = values.text,
      "where its sys, dev and uevent go; a temporary folder if not given" },
    { "--images", value = "DIR", convert = values.text,
      "write small images that these modems take there (of --firmware-version, --carrier ...)" },
    { "--time-scale", value = "X", convert = values.scale, "X times as long as a real modem takes" },
    { "--fault", value = "FAULT", convert = values.text, repeated = true,
      "a fault to show (may be repeated); N:FAULT for the Nth modem alone" },
  },
  run = later("moonflash.cli.simulator.simulate", "run"),
}
