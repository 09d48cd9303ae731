--- moonflash plan FILE...
local request = require "moonflash.cli.request"
local shape = require "moonflash.cli.shape"
local text = require "moonflash.cli.text"

local function say_device(out, device)
  out:say(("modem:  %s at %s, %s mode"):format(device.model or "unknown", device.place, device.mode))
end

local function say_set(out, set)
  out:say("images: " .. (text.versions(set) or "without versions"))
  for _, problem in ipairs(set.problems or {}) do out:say("  " .. problem.message) end
end

local function say_steps(out, steps)
  local rows = {}
  for i, step in ipairs(steps) do
    local time = (step.seconds or 0) > 0 and "about " .. text.seconds(step.seconds) or ""
    rows[i] = { "  " .. step.step, step.changes and "changes the modem" or "", time }
  end
  for _, line in ipairs(text.columns(rows)) do out:say(line) end
end

return {
  name = "plan",
  usage = "FILE...",
  summary = "what update would do; changes nothing",
  arguments = {
    { "FILE", "firmware and settings in any order", count = "+", target = "files", file = true },
  },
  run = function(wanted)
    local out = wanted.out
    local result = wanted.use.flash.plan(request.for_engine(wanted, { files = wanted.given.files }))
    out:object(shape.plan(result))
    if result.device then say_device(out, result.device) end
    if result.before then out:say("runs:   " .. text.versions(result.before)) end
    if result.set then say_set(out, result.set) end
    say_steps(out, result.steps or {})
    return result
  end,
}
