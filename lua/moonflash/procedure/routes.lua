-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The routes from application mode into download mode. A route is a table:
--
--     name      as given to --route
--     lacks     function(job): why it cannot be tried, or nil
--     run       function(job): sends its commands; true when the modem accepted them, or nil and a failure
--     switch    function(job): the same for images that the modem stores, when a reset is not enough
--
-- `enter_download` checks that the modem gets there. A failure with the field `not_sent` happened before the command
-- that makes the modem leave: nothing waits for the modem then.
-- Adding a route is one entry here; a model names it in its `routes`.
-- Sources: libqmi's updater; Bjørn Mork's scripts; Sierra's SDK samples.

local dms = require "moonflash.protocol.qmi.dms"
local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local reset = require "moonflash.procedure.reset"
local tables = require "moonflash.base.table"

local routes = {}

-- --- the command that makes the modem leave -----------------------------------------------------

-- After these failures the modem may have accepted the command: it left, or its answer was lost.
local may_be_accepted = {
  ["qmi.closed"] = true, ["qmi.timeout"] = true, ["qmi.failed"] = true, ["qmi.malformed"] = true,
  ["at.closed"] = true, ["at.timeout"] = true,
}

local function not_sent(problem)
  problem.not_sent = true
  return nil, problem
end

-- Sends the command, once, unless an interrupt is pending.
local function leave_by(job, send)
  job:let_run()
  local stopped = job:check_interrupt()
  if stopped then return not_sent(stopped) end
  local answer, problem = send()
  if answer or may_be_accepted[problem.code] then return true end
  return nil, problem
end

local function leave_by_qmi(job, message, fields)
  local session, problem = job:qmi()
  if not session then return not_sent(problem) end
  return leave_by(job, function() return job:request(message, fields) end)
end

local function leave_by_at(job, session, command)
  return leave_by(job, function() return session:command(command, job:ms(limits.at_command)) end)
end

-- --- by QMI -------------------------------------------------------------------------------------

--- Restarts the application; also used to switch between stored images and to restore a preference. Offline first,
-- as libqmi does. Returns true, or nil and a failure.
function routes.power_cycle(job)
  job:let_run()
  local offline, problem = job:request(dms.set_operating_mode, { mode = "offline" })
  if not offline and problem.error_name ~= "NoEffect" then return not_sent(problem) end
  return leave_by_qmi(job, dms.set_operating_mode, { mode = "reset" })
end

--- Why a modem cannot be asked by QMI; nil when it can.
function routes.lacks_qmi_port(job)
  local nodes = job.device.nodes
  return not (nodes.qmi[1] or nodes.mbim[1]) and "the modem has no QMI port" or nil
end

--- The preference was set: a reset is enough. The normal route (reference: procedures, a).
routes.preference = {
  name = "preference",
  lacks = function(job) return not job.preference_set and "no preference was set" or nil end,
  run = routes.power_cycle,
}

--- Set Firmware ID, 0x003e: the modem restarts into download mode by itself (procedures, b).
routes.firmware_id = {
  name = "firmware-id",
  lacks = routes.lacks_qmi_port,
  run = function(job) return leave_by_qmi(job, dms.set_firmware_id) end,
}

-- Without this every reset might end in download mode.
local function leave_boot_download(job)
  if job.device.mode ~= "application" then return true end
  return job:request(dms.set_boot_image_download_mode, { mode = "normal" })
end

--- Set Boot Image Download Mode, then a reset (procedures, c). Without a refusal the mode may be set although the
-- answer was lost.
routes.boot_download = {
  name = "boot-download",
  lacks = routes.lacks_qmi_port,
  run = function(job)
    local answer, problem = job:request(dms.set_boot_image_download_mode, { mode = "boot_and_recovery" })
    if not answer and problem.code == "qmi.refused" then return not_sent(problem) end
    if not job.boot_download_set then job:restore("leave boot image download mode", leave_boot_download) end
    job.boot_download_set = true
    if not answer then return not_sent(problem) end
    return routes.power_cycle(job)
  end,
}

-- --- by AT --------------------------------------------------------------------------------------

-- Most modems need no AT: what speaks it is loaded when one does.
local function is_refusal(problem)
  return require("moonflash.protocol.at").is_refusal(problem)
end

local function lacks_at_port(job)
  return not job.device.nodes.at and "the modem has no AT port" or nil
end

-- The AT session, unlocked. Some firmware needs no unlocking and some does not know the command: a refusal says
-- nothing about the commands that follow.
local function unlocked(job)
  local session, problem = job:at()
  if not session then return nil, problem end
  local answer, refusal = session:unlock(job:ms(limits.at_command))
  if not answer and not is_refusal(refusal) then return nil, refusal end
  return session
end

--- AT!BOOTHOLD (procedures, d).
routes.boothold = {
  name = "boothold",
  lacks = lacks_at_port,
  run = function(job)
    local session, problem = unlocked(job)
    if not session then return not_sent(problem) end
    return leave_by_at(job, session, "AT!BOOTHOLD")
  end,
}

-- A model does not decide which of the two its firmware knows.
local preference_commands = { "AT!IMPREF", "AT!GOBIIMPREF" }

-- All forms of the command: with the model's name first. The full form names any images, a carrier alone those that
-- the modem stores of it. AT calls the carrier settings <carrier>_<config>.
local function preference_forms(job, images)
  local carrier, own = images.carrier, job.model.preference_command or preference_commands[1]
  local values = { ('"%s","%s","%s_%s"'):format(images.firmware, carrier, carrier, images.config) }
  if job.stored_already then values[2] = ('"%s"'):format(carrier) end
  local forms = {}
  for _, value in ipairs(values) do
    forms[#forms + 1] = own .. "=" .. value
    for _, name in ipairs(preference_commands) do
      if name ~= own then forms[#forms + 1] = name .. "=" .. value end
    end
  end
  return forms
end

-- Sets the preference. The failure is a refusal when all forms are refused: then it is that of the first form.
local function set_preference(job, session, images)
  local first
  for _, form in ipairs(preference_forms(job, images)) do
    local answer, problem = session:command(form, job:ms(limits.at_command))
    if answer then return answer end
    first = first or problem
    if not is_refusal(problem) then return nil, problem end
  end
  return nil, first
end

local function restore_preference(job, images)
  local session, problem = unlocked(job)
  if not session then return nil, problem end
  local answer, refusal = set_preference(job, session, images)
  if not answer then return nil, refusal end
  return reset.run(job, function() return leave_by_at(job, session, "AT!RESET") end)
end

-- A preference that QMI has set is restored by QMI. The one to restore is that of before the first attempt.
local function register_undo(job, before)
  job.at_preference_before = job.at_preference_before or before and before.preferred
  local images = not job.preference_set and job.at_preference_before
  if not (images and images.firmware and images.carrier and images.config) then return end
  job:undo("restore the preference", function() return restore_preference(job, images) end)
end

--- Sets the preference by AT. Returns the AT session, or nil and a failure. Without a refusal the modem may have
-- accepted the preference although its answer was lost.
function routes.prefer_by_at(job)
  local session, problem = unlocked(job)
  if not session then return not_sent(problem) end
  local before = session:ask("preference", job:ms(limits.at_command))
  local answer, unset = set_preference(job, session, job.set)
  if not answer and is_refusal(unset) then return not_sent(unset) end
  job:begin_change()
  register_undo(job, before)
  if not answer then return not_sent(unset) end
  return session
end

local function prefer_images(job)
  local session, problem = routes.prefer_by_at(job)
  if not session then return nil, problem end
  return leave_by_at(job, session, "AT!RESET")
end

--- AT!IMPREF, in older firmware AT!GOBIIMPREF, and AT!RESET (procedures, e): the modem waits for the images it then
-- prefers, or switches to them if it stores them.
routes.impref = {
  name = "impref",
  lacks = function(job)
    return lacks_at_port(job)
      or not (job.model and job.model.preference_command) and "the model names no preference_command" or nil
  end,
  run = prefer_images, switch = prefer_images,
}

-- --- by name ------------------------------------------------------------------------------------

local by_name = {}
for _, route in pairs(routes) do
  if type(route) == "table" then by_name[route.name] = route end
end

--- The names that --route takes, sorted.
routes.names = tables.sorted_keys(by_name)

--- The route of a name, as given to --route; nil when there is none.
function routes.named(name)
  return by_name[name]
end

--- The route that the option `route` forces; nil when it forces none; or nil and failure usage.
function routes.forced(options)
  local route = by_name[options.route or ""]
  if route or not options.route then return route end
  return nil, failure.new("usage", "there is no route " .. options.route,
    { hint = "the routes are " .. table.concat(routes.names, ", ") })
end

return setmetatable(routes, { __index = function(_, name)
  error("there is no route " .. tostring(name), 2)
end })
