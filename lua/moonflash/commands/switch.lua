--- Commands without images: switch to a stored pair, recover. Their steps are the same for all models.
-- @module moonflash.commands.switch

local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local request = require "moonflash.commands.request"
local results = require "moonflash.commands.result"
local steps = require "moonflash.procedure.steps"
local update = require "moonflash.commands.update"

local switch = {}

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

-- The job of the one modem that is selected. A modem in its boot ROM cannot be recovered.
local function find(self)
  local found, models = request.choose(self)
  if not found then return nil, models end
  if found.mode == "boot-rom" then
    return nil, failure.new("modem.boot_rom", "the modem has lost its loader: only its boot ROM answers",
      { evidence = device.describe(found) })
  end
  return request.job(self, { models = models, device = found })
end

--- Uses an image pair that the modem stores.
-- @tparam table self request with pair
-- @treturn table the result; exit status 2 when the modem runs the pair already
function switch.switch(self)
  local job, problem = find(self)
  if not job then return results.bad(problem) end
  if job.device.mode ~= "application" then
    return results.of(job, failure.new("job.wrong_mode", "only a running modem can switch its images",
      { evidence = device.describe(job.device), hint = "run `moonflash recover` first" }))
  end
  job.wanted_pair = self.pair
  return update.run(job, switch_steps)
end

-- A modem that needs nothing is what recover is for.
local function recovered(result)
  if result.ok then result.exit = results.DONE end
  return result
end

--- Brings a modem back from any state: with files, to the firmware in them; without, to a pair that it stores.
-- @tparam table self request
-- @treturn table the result
function switch.recover(self)
  if self.files[1] then return recovered(update.update(self, nil, true)) end
  local job, problem = find(self)
  if not job then return results.bad(problem) end
  return recovered(update.run(job, recover_steps))
end

return switch
