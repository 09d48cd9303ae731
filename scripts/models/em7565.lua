-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Sierra Wireless EM7565 and EM7511, the 9x50 modems: firmware (.cwe) and carrier settings (.nvu), both of them. Their
-- loader speaks Sahara and Firehose.
--
-- Experimental: no real modem was seen. What goes to the modem is what qmi-firmware-update sends it, which was reported
-- to work for these two. All that is not known to work is refused (reference: firehose 3, 10, 11).

local flash = require "moonflash"
local route, step = flash.routes, flash.steps

local OLDEST = "01.05.01.00"     -- release 9: older loaders hang over USB 3, and settings are signed since
local NO_WAY_BACK = "01.07.00.00" -- release 10: its notes forbid to go back

local STEPPING_STONE = "with another tool and over USB 2, first update it to 01.05.01.00, then run the same command "
  .. "again; the newest firmware may have to be sent twice until the modem leaves low power"

local function refuse(code, message, hint)
  return nil, flash.failure.new(code, message, { hint = hint, final = true, phase = "untouched" })
end

local function has(set, kind)
  for _, image in ipairs(set.images) do
    if image.kind == kind then return true end
  end
end

-- The images alone: the same prefix is all that tells a family, since no header of these images is published.
local function check_images(set)
  for _, image in ipairs(set.images) do
    if image.family ~= "SWI9X50C" then
      return refuse("image.wrong_model", ("%s does not say that it is for the SWI9X50C"):format(image.file),
        "give the files of the maker, with their names: SWI9X50C_... .cwe and .nvu")
    end
  end
  if not (has(set, "firmware") and has(set, "settings")) then
    return refuse("image.incomplete_set", "this modem is only updated with two files: a firmware and settings",
      "give the .cwe and the .nvu of the same version")
  end
  if set.firmware < OLDEST then
    return refuse("script.refused", "firmware older than " .. OLDEST .. " is not sent", "choose a newer firmware")
  end
  return true
end

-- What a running modem says of its firmware.
local function check_versions(job, running)
  if running:find "^00" then
    return refuse("script.refused", ("the modem runs %s, which is engineering firmware: no update of one has been "
      .. "reported to work"):format(running), "moonflash cannot help; ask the seller for another modem")
  end
  if running < OLDEST then
    return refuse("script.refused", ("the modem runs %s, older than %s: its loader may hang"):format(running, OLDEST),
      STEPPING_STONE)
  end
  if running >= NO_WAY_BACK and job.set.firmware < NO_WAY_BACK then
    return refuse("script.refused", ("the modem runs %s: the maker forbids to go back to %s"):format(running,
      job.set.firmware), "choose firmware 01.07.02.00 or newer")
  end
  if running > job.set.firmware then
    job:warn("script.warning", ("%s is older than %s, which the modem runs: the maker advises against it"):format(
      job.set.firmware, running))
  end
  return true
end

local function check(job)
  if not job.said_experimental then
    job:warn("script.warning", "experimental: no real modem of this family was seen by moonflash yet; --trace FILE "
      .. "records the session for a report")
  end
  job.said_experimental = true
  local good, problem = check_images(job.set)
  local running = job.device.mode == "application" and job.state and job.state.running.firmware
  if good and running then good, problem = check_versions(job, running) end
  return good, problem
end

local model = flash.model {
  name       = "EM7565",
  aliases    = { "EM7511" },
  only_named = { "MC7411", "MC7421", "EM7411", "EM7421", "EM7431" }, -- no update of one was reported
  family     = "SWI9X50C",
  product    = "9X50",
  download   = "firehose",
  usb        = {
    application = { "1199:9091", "1199:90b1", "1199:90c1", "1199:90c3" }, -- three other compositions
    download    = { "1199:9090", "1199:90b0", "1199:90c0", "1199:90c2" },
  },
  preference_command = "AT!IMPREF",

  flash.update_steps {
    enter_download = { routes = { route.preference } },
    send_images = { all = true, final_ack = 300 }, -- libqmi waits so long
  },
}

return flash.insert_before(model, "stop if current", step.action {
  name = "check versions", changes = false, seconds = 0, run = check,
})
