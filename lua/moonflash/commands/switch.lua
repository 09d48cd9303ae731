--- Procedures that need no image: switching between stored pairs, and the way back. They are lists
-- of steps like a model's script, and the same for all models.
-- @module moonflash.commands.switch

local blame = require "moonflash.engine.blame"
local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local modems = require "moonflash.commands.devices"
local steps = require "moonflash.procedure.steps"
local update = require "moonflash.commands.update"

local procedures = {}

local switch_steps = {
  steps.read_versions { mode = "application", retry = 3, pause = 5 },
  steps.choose_stored {},
  steps.stop_if_current {},
  steps.prefer_stored { retry = 3, pause = 5 },
  steps.restart { retry = 3, pause = 5 },
  steps.confirm { again = 0 },
}

local recover_steps = {
  steps.wake { mode = "download", retry = 2 },
  steps.wait { mode = "application", within = 240 },
  steps.read_versions { retry = 24, pause = 5 },
  steps.normal_boot { retry = 2, pause = 5 },
  steps.stop_if_well {},
  steps.prefer_stored { retry = 3, pause = 5 },
  steps.restart { retry = 3, pause = 5 },
  steps.confirm { again = 0 },
}

local function no_cure(found)
  if found.mode ~= "boot-rom" then return nil end
  return failure.new("modem.boot_rom", "the modem has lost its loader: only its boot ROM answers",
    { evidence = device.describe(found) })
end

-- One modem, whatever its mode.
local function find(request)
  local found, models = modems.choose(request)
  if not found then return nil, models end
  if no_cure(found) then return nil, no_cure(found) end
  return update.job(request, { models = models, device = found })
end

--- Uses an image pair the modem already stores.
-- @tparam table request pair = carrier, build id or version; root, selection, options, emit
-- @treturn table the result; exit 2 when the modem runs it already
function procedures.switch(request)
  local wanted = request.pair
  if type(wanted) ~= "string" then blame.caller("switch needs a pair: a carrier, or a build id") end
  request = update.request(request)
  local job, problem = find(request)
  if not job then return update.result(nil, problem) end
  if job.device.mode ~= "application" then
    return update.result(job, failure.new("job.wrong_mode", "only a running modem can switch its images",
      { evidence = device.describe(job.device), hint = "run `moonflash recover` first" }))
  end
  job.wanted_pair = wanted
  return update.run(job, switch_steps)
end

-- Nothing to do is what a recovery hopes for.
local function recovered(result)
  if result.ok then result.exit = 0 end
  return result
end

--- Brings a modem back from whatever state: with files, to the firmware in them; without, to a pair
-- it stores.
-- @tparam table request files, root, selection, options, emit
-- @treturn table the result
function procedures.recover(request)
  if request.files and #request.files > 0 then return recovered(update.update(request, nil, true)) end
  request = update.request(request)
  local job, problem = find(request)
  if not job then return update.result(nil, problem) end
  return recovered(update.run(job, recover_steps))
end

return procedures
