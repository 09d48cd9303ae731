-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The bundled model with more retries and a step of its own: nothing is changed while the router's battery is low.
--
--     moonflash run examples/careful-mc7455.lua FILE...

local flash = require "moonflash"

local battery = os.getenv "BATTERY" or "/sys/class/power_supply/battery/capacity"

local function look_at_battery()
  local percent = tonumber(flash.sys.read_file(battery) or "")
  if percent and percent < 50 then
    return nil, flash.failure.new("script.refused", ("the battery is at %.0f %%"):format(percent),
      { hint = "charge it to at least 50 %" })
  end
  return true, percent and ("%.0f %%"):format(percent) or "there is none"
end

local mc7455 = flash.script "mc7455"
mc7455 = flash.change(mc7455, "confirm", { retry = 60 })
return flash.insert_before(mc7455, "set preference", flash.steps.action {
  name = "look at the battery", changes = false, run = look_at_battery,
})
