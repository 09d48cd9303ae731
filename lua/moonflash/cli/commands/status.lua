--- moonflash status
local request = require "moonflash.cli.request"
local shape = require "moonflash.cli.shape"
local text = require "moonflash.cli.text"

local function say_stored(out, stored)
  local rows = {}
  for _, image in ipairs(stored) do
    rows[#rows + 1] = { "  " .. image.type, image.slot and "slot " .. image.slot or "", image.build_id,
      image.unique_id, image.failures > 0 and image.failures .. " failures" or "",
      image.active and "running" or "" }
  end
  if rows[1] then out:say "stored:" end
  for _, line in ipairs(text.columns(rows)) do out:say(line) end
end

local function say(out, seen)
  local device, power = seen.device, seen.power
  out:say(("modem:     %s at %s, %s mode"):format(device.model or "unknown", device.place, device.mode))
  if seen.running then out:say("runs:      " .. (text.versions(seen.running) or "unknown")) end
  if seen.preferred then out:say("prefers:   " .. (text.versions(seen.preferred) or "unknown")) end
  if power.mode then out:say("power:     " .. power.mode) end
  for _, cause in ipairs(power.causes) do out:say("  because: " .. cause) end
  say_stored(out, seen.stored)
  for _, line in ipairs(seen.advice) do out:say("to do:     " .. line) end
end

return {
  name = "status",
  usage = "",
  summary = "one modem: what it runs, prefers, stores; its state and the cure",
  run = function(wanted)
    local result = wanted.use.flash.status(request.for_engine(wanted, {}))
    if result.status then
      wanted.out:object(shape.status(result.status))
      say(wanted.out, result.status)
    end
    return result
  end,
}
