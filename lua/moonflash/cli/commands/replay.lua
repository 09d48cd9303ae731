--- moonflash replay TRACE [FILE...]
local values = require "moonflash.cli.values"

return {
  name = "replay",
  needs = "replay",
  usage = "TRACE [FILE...] [--time-scale X]",
  summary = "run a recorded session once more, without its modem",
  arguments = {
    { "TRACE", "a file that --trace wrote", target = "recorded" },
    { "FILE", "the files the session was run with, in their order", count = "*", target = "files" },
  },
  options = {
    { "--time-scale", value = "X", convert = values.scale,
      "X times as long as the recorded modem took; 0.01 if not given" },
  },
  run = function(wanted)
    local given = wanted.given
    local result = wanted.use.replay.run {
      trace = given.recorded, files = given.files, time_scale = given.time_scale,
    }
    for _, line in ipairs(result.lines) do wanted.out:tell(line) end
    if result.ok then wanted.out:say "the same outcome" end
    return result
  end,
}
