-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The steps of which models are made: `local step = flash.steps`, then `step.send_images { ... }`.

local steps = {}

--- A step of a user's own: moonflash.engine.step.action.
steps.action = require("moonflash.engine.step").action

for _, part in ipairs {
  require "moonflash.procedure.preference",     -- read_versions stop_if_current set_preference prefer_stored
  require "moonflash.procedure.enter_download", -- enter_download wait
  require "moonflash.procedure.send_images",    -- send_images leave_download wake
  require "moonflash.procedure.confirm",        -- confirm
  (require "moonflash.procedure.restart"),      -- choose_stored restart normal_boot stop_if_well
} do
  for name, constructor in pairs(part) do steps[name] = constructor end
end

return steps
