-- The step that leads a modem from application mode into download mode, and the waits.

local engine = require "moonflash.engine"
local failure = require "moonflash.failure"
local routes = require "moonflash.routes"
local step = require "moonflash.step"

local enter = {}

-- One try of one route. Returns true; or nil, a failure, and whether the modem took the commands.
local function try_route(job, route, within_ms)
  job:follow()
  local taken, problem = route.run(job)
  if not taken then return nil, problem, false end
  -- closed only now: over MBIM it can block until the modem is gone, and we listen already
  job:close_qmi()
  job.phase = "entering"
  local found, lost = job:await({ download = true, application = true }, within_ms)
  if not found then return nil, lost, true end
  if found.mode ~= "download" then
    return nil, failure.new("job.not_entered", "the modem restarted but did not stay in download mode"), true
  end
  local loader, silent = job:download()
  if not loader then return nil, silent, true end
  return true
end

-- The modem went back to its application while we talked to the loader.
local function return_to_application(job, within_ms)
  job:close_download()
  if job.device.mode == "application" then return true end
  job:follow()
  return job:await({ application = true }, within_ms)
end

-- What no other route and no further try can mend: a modem that dumps its memory, or has no loader.
local function is_hopeless(problem)
  return problem.foreign == "sahara" or problem.foreign == "bootrom"
end

local function try_routes(job, list, within_ms)
  local first
  for _, route in ipairs(list) do
    job:note("route " .. route.name)
    local done, problem = try_route(job, route, within_ms)
    if done then return true, route.name end
    if job:interrupted() then return nil, job:check_interrupt() end
    job:warn(problem.code, ("route %s: %s"):format(route.name, tostring(problem)))
    first = first or problem
    if is_hopeless(problem) then return nil, problem end
    if not return_to_application(job, within_ms) then break end
  end
  return nil, first
end

-- Nothing was opened yet: the modem goes back as it came.
local function leave(job)
  local left, problem = job:leave_download()
  if not left then return nil, problem end
  return job:await({ application = true }, job:ms(240))
end

-- The modem stores the images already: a restart is all it takes, and it leads back to the
-- application (procedures, e).
local function switch_stored(job, within_ms)
  job:follow()
  local taken, problem = routes.power_cycle(job)
  if not taken then return nil, problem end
  job:close_qmi()
  job.phase = "booting"
  local found, lost = job:await({ application = true, download = true }, within_ms)
  if not found then return nil, lost end
  return true, "the modem switched to the stored images"
end

enter.enter_download = step.define {
  name = "enter download mode", changes = true, seconds = 45, leads_to = "download",
  fields = { routes = "table", attempts = "number" },
  defaults = { within = 120, attempts = 3 },
  run = function(job, self)
    if job.stored_already then return switch_stored(job, job:ms(self.within)) end
    local list = self.routes
    if job.options.route then list = { routes.named(job.options.route) } end
    local first
    for _ = 1, self.attempts do
      local done, detail = try_routes(job, list, job:ms(self.within))
      if done then
        job:undo("leave download mode", function() return leave(job) end)
        return true, detail
      end
      first = first or detail
      if job:interrupted() or job.device.mode ~= "application" then break end
    end
    if first.code == "job.interrupted" then return nil, first end
    return nil, failure.new("job.not_entered", "the modem could not be brought into download mode",
      { cause = first, evidence = tostring(first) })
  end,
}

enter.wait = step.define {
  name = "wait for the modem", changes = false, seconds = 60, goal = true,
  defaults = { mode = "application", within = 240 },
  run = function(job, self)
    if job.device.mode == self.mode then return engine.SKIP, "it is there" end
    local found, problem = job:await({ [self.mode] = true }, job:ms(self.within))
    if not found then return nil, problem end
    return true, "back at " .. found.place
  end,
}

return enter
