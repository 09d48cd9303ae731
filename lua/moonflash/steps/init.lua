--- The steps scripts are made of: `local step = flash.steps`, then `step.send_images { ... }`.
-- @module moonflash.steps

local steps = { action = require("moonflash.step").action }

for _, part in ipairs { "preference", "enter", "send", "stored", "confirm" } do
  for name, constructor in pairs(require("moonflash.steps." .. part)) do steps[name] = constructor end
end

return steps
