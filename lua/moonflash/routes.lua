--- The ways from application mode into download mode. A route is a table:
--
--     name      as given to --route
--     lacks     function(job): why it cannot be tried, or nil
--     run       function(job): sends its commands; true when the modem took them, or nil and a failure
--     switch    function(job): the same for a pair the modem stores, when a reset is not enough
--
-- That the modem really gets there is for `enter_download` to see. Losing it while it answers is no
-- failure: it went away as it was asked to. A failure with the field `stays` came before the command that
-- makes it go, so nobody need wait for it to leave.
-- Sources: libqmi's updater; Bjørn Mork's scripts; Sierra's SDK samples.
-- @module moonflash.routes

local later = require "moonflash.later"

local at = later "moonflash.at"
local dms = later "moonflash.qmi.dms"

local routes = {}

local AT_SECONDS = 5

-- None of these says that the modem does not do it: it went away, or its answer was lost.
local lost = {
  ["qmi.closed"] = true, ["qmi.timeout"] = true, ["qmi.failed"] = true, ["qmi.malformed"] = true,
  ["at.closed"] = true, ["at.timeout"] = true,
}

-- The outcome of a command that makes the modem vanish, often before it answers.
local function taken(answer, problem)
  if answer or lost[problem.code] then return true end
  return nil, problem
end

local function stays(problem)
  problem.stays = true
  return nil, problem
end

-- Asks what may make the modem vanish, unless we were asked to stop before.
local function depart(job, ask)
  local stopped = job:check_interrupt()
  if stopped then return stays(stopped) end
  return taken(ask())
end

-- A request that it departs with. A port that does not even open is another matter.
local function depart_by_qmi(job, message, fields)
  local session, problem = job:qmi()
  if not session then return stays(problem) end
  return depart(job, function() return job:request(message, fields) end)
end

local function depart_by_at(job, session, command)
  return depart(job, function() return session:command(command, job:ms(AT_SECONDS)) end)
end

--- A restart of the application: for switching between stored images and for putting things back.
-- Offline first, as libqmi does; a modem that is so already has no objection to the reset.
function routes.power_cycle(job)
  local offline, problem = job:request(dms.set_operating_mode, { mode = "offline" })
  if not offline and problem.error_name ~= "NoEffect" then return stays(problem) end
  return depart_by_qmi(job, dms.set_operating_mode, { mode = "reset" })
end

--- The preference was set: a reset is enough. The normal way (reference: procedures, a).
routes.preference = {
  name = "preference",
  lacks = function(job) return not job.course.preference_set and "no preference was set" or nil end,
  run = routes.power_cycle,
}

--- Set Firmware ID, 0x003e: the modem restarts into download mode by itself (procedures, b).
routes.firmware_id = {
  name = "firmware-id",
  run = function(job) return depart_by_qmi(job, dms.set_firmware_id) end,
}

-- Without this the modem might go there at every reset.
local function leave_boot_download(job)
  if job.device.mode ~= "application" then return true end
  return job:request(dms.set_boot_image_download_mode, { mode = "normal" })
end

--- Set Boot Image Download Mode, then a reset (procedures, c). Only a refusal says that it is not set.
routes.boot_download = {
  name = "boot-download",
  run = function(job)
    local answer, problem = job:request(dms.set_boot_image_download_mode, { mode = "boot_and_recovery" })
    if not answer and problem.code == "qmi.refused" then return stays(problem) end
    if not job.boot_download_set then job:defer("leave boot image download mode", leave_boot_download) end
    job.boot_download_set = true
    if not answer then return stays(problem) end
    return routes.power_cycle(job)
  end,
}

local function no_at_port(job)
  return not job.device.nodes.at and "the modem has no AT port" or nil
end

-- The modem's AT session. Some firmware needs no unlocking and some does not know it, so a refusal
-- of that says nothing about the commands that follow.
local function unlocked(job)
  local session, problem = job:at()
  if not session then return nil, problem end
  local answer, refusal = session:unlock(job:ms(AT_SECONDS))
  if not answer and not at.is_refusal(refusal) then return nil, refusal end
  return session
end

--- AT!BOOTHOLD (procedures, d).
routes.boothold = {
  name = "boothold",
  lacks = no_at_port,
  run = function(job)
    local session, problem = unlocked(job)
    if not session then return stays(problem) end
    return depart_by_at(job, session, "AT!BOOTHOLD")
  end,
}

-- Which of the two a firmware knows does not always follow from its model.
local preference_commands = { "AT!IMPREF", "AT!GOBIIMPREF" }

-- Each form with the model's command and then with the other. The full form names any pair; a carrier
-- alone, the one that the modem stores of it. What AT calls the settings is <carrier>_<config>.
local function forms(job, pair)
  local carrier, own = pair.carrier, job.model.preference_command
  local words = { ('"%s","%s","%s_%s"'):format(pair.firmware, carrier, carrier, pair.config) }
  if job.course.stored_already then words[2] = ('"%s"'):format(carrier) end
  local commands = {}
  for _, value in ipairs(words) do
    commands[#commands + 1] = own .. "=" .. value
    for _, name in ipairs(preference_commands) do
      if name ~= own then commands[#commands + 1] = name .. "=" .. value end
    end
  end
  return commands
end

-- Prefers a pair; refused is what refuses all forms, with the answer to the first. Only a refusal says that
-- the modem does not prefer it.
local function prefer(job, session, pair)
  local first
  for _, form in ipairs(forms(job, pair)) do
    local answer, problem = session:command(form, job:ms(AT_SECONDS))
    if answer then return answer end
    first = first or problem
    if not at.is_refusal(problem) then return nil, problem end
  end
  return nil, first
end

local function restore(job, pair)
  local session, problem = unlocked(job)
  if not session then return nil, problem end
  local answer, refusal = prefer(job, session, pair)
  if not answer then return nil, refusal end
  job:follow()
  local restarted, refused = depart_by_at(job, session, "AT!RESET")
  job:close_at()
  if not restarted then return nil, refused end
  return job:await({ application = true }, job:ms(240))
end

-- When QMI has set the preference, QMI also puts it back. What counts is what was preferred at first, not
-- what an earlier attempt has set.
local function undo_preference(job, before)
  job.at_preference_before = job.at_preference_before or before and before.preferred
  local pair = not job.course.preference_set and job.at_preference_before
  if not (pair and pair.firmware and pair.carrier and pair.config) then return end
  job:undo("restore the preference", function() return restore(job, pair) end)
end

local function prefer_images(job)
  local session, problem = unlocked(job)
  if not session then return stays(problem) end
  local before = session:ask("preference", job:ms(AT_SECONDS))
  local answer, unset = prefer(job, session, job.set)
  if not answer and at.is_refusal(unset) then return stays(unset) end
  job.phase = "entering"
  undo_preference(job, before)
  if not answer then return stays(unset) end
  return depart_by_at(job, session, "AT!RESET")
end

--- AT!IMPREF, in older firmware AT!GOBIIMPREF, and AT!RESET (procedures, e): the new pair becomes what
-- the modem wants, so it waits for it, or switches to it if it stores it.
routes.impref = {
  name = "impref",
  lacks = function(job)
    return no_at_port(job) or not job.model.preference_command and "the model has no such command" or nil
  end,
  run = prefer_images, switch = prefer_images,
}

--- The route of a name, as given to --route.
-- @treturn ?table
function routes.named(name)
  for _, route in pairs(routes) do
    if type(route) == "table" and route.name == name then return route end
  end
end

return routes
