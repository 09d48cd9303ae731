--- The step that leads a modem from application mode into download mode, and the waits.
-- @module moonflash.procedure.enter_download

local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local images_are_ready = require "moonflash.procedure.ready"
local routes = require "moonflash.procedure.routes"
local sys = require "moonflash.core.sys"

local enter = {}

local AWAY_SECONDS = 30 -- from a reset that was taken to the disconnect: 20 s were seen

-- The modem goes back to its application, or is there again already.
local function return_to_application(job, within_ms)
  job:close_download()
  local here, lost = job:refresh_device()
  if not here then return nil, lost end
  return job:wait_for_device({ application = true }, within_ms, true)
end

-- Leads a modem back that was sent to download mode, wherever it is by now.
local function lead_back(job)
  job:close_download()
  job:close_qmi()
  if job.reset_requested then job:wait_for_device({ download = true, application = true }, job:ms(AWAY_SECONDS)) end
  local here, lost = job:relocate()
  if not here then return nil, lost end
  if here.mode == "application" then return true end
  local left = job:leave_download()
  return return_to_application(job, job:ms(left and 240 or AWAY_SECONDS))
end

-- Sends the commands of a route. When a signal came while the last was on its way, the modem may have
-- taken it.
local function request_reset(job, route)
  job:follow()
  local taken, problem = route.run(job)
  job:close_at()
  if not taken and (problem.not_sent or not job:interrupted()) then return nil, problem end
  job.reset_requested, job.reset_requested_at, job.phase = true, sys.clock_ms(), "entering"
  job:undo("leave download mode", lead_back)
  return taken, problem
end

-- One try of one route.
local function try_route(job, route, within_ms)
  local taken, problem = request_reset(job, route)
  if not taken then return nil, problem end
  -- closed only now: over MBIM it can block until the modem is gone, and we listen already
  job:close_qmi()
  local found, lost = job:wait_for_device({ download = true, application = true }, within_ms)
  if not found then return nil, lost end
  if found.mode ~= "download" then
    return nil, failure.new("job.not_entered", "the modem restarted but did not stay in download mode")
  end
  local loader, silent = job:download()
  if not loader then return nil, silent end
  return true
end

local function report(job, route, state, message)
  job.emit { event = "step", step = "route " .. route.name, state = state, message = message }
end

-- Tries a route, if it can be tried, and tells how it went.
local function attempt(job, route, within_ms)
  local lacking = route.lacks and route.lacks(job)
  if lacking then
    report(job, route, "skipped", lacking)
    return nil, failure.new("job.not_entered", lacking, { not_tried = true })
  end
  report(job, route, "started")
  local done, problem = try_route(job, route, within_ms)
  report(job, route, done and "done" or "failed", problem and tostring(problem))
  return done, problem
end

-- What no other route and no further try can mend: a modem that dumps its memory, or has no loader.
local function is_hopeless(problem)
  return problem.other_protocol == "sahara" or problem.other_protocol == "bootrom"
end

-- Tries the routes in their order. Returns true and the name of the one that led there; or nil and
-- the first failure of one that could be tried.
local function try_routes(job, list, within_ms)
  local first
  for _, route in ipairs(list) do
    local done, problem = attempt(job, route, within_ms)
    if done then return true, route.name end
    if job:interrupted() then return nil, job:check_interrupt() end
    if not first or first.not_tried then first = problem end
    if is_hopeless(problem) then return nil, problem end
    if not problem.not_tried and not return_to_application(job, within_ms) then break end
  end
  return nil, first
end

-- The modem stores the images already: a restart is all it takes, and it leads back to the
-- application (procedures, e).
local function switch_stored(job, forced, within_ms)
  job:follow()
  local taken, problem = (forced and forced.switch or routes.power_cycle)(job)
  job:close_at()
  if not taken then return nil, problem end
  job:close_qmi()
  job.phase = "booting"
  local found, lost = job:wait_for_device({ application = true, download = true }, within_ms)
  if not found then return nil, lost end
  return true, "the modem switched to the stored images"
end

-- For a model that names no routes. By `impref` only who says a preference_command.
local usual = { routes.preference, routes.firmware_id, routes.boothold, routes.boot_download }

--- The work of `enter_download`.
-- @tparam table job
-- @tparam table self the step
function enter.enter_download(job, self)
  local forced, unknown = routes.forced(job.options)
  if unknown then return nil, unknown end
  if job.stored_already then return switch_stored(job, forced, job:ms(self.within)) end
  local ready, unready = images_are_ready(job)
  if not ready then return nil, unready end
  local list, first = forced and { forced } or self.routes or usual, nil
  for try = 1, self.attempts do
    if try > 1 and not sys.sleep_ms(job:ms(self.pause)) then break end
    local done, detail = try_routes(job, list, job:ms(self.within))
    if done then return true, detail end
    first = first or detail
    if first.not_tried or job:interrupted() or job.device.mode ~= "application" then break end
  end
  if job:interrupted() then return nil, job:check_interrupt() end
  return nil, failure.new("job.not_entered", "the modem could not be brought into download mode",
    { cause = first, evidence = tostring(first), hint = is_hopeless(first) and failure.hint(first) or nil })
end

--- The work of `wait`.
-- @tparam table job
-- @tparam table self the step
function enter.wait(job, self)
  if job.device.mode == self.mode then return engine.SKIP, "it is there" end
  local found, problem = job:wait_for_device({ [self.mode] = true }, job:ms(self.within))
  if not found then return nil, problem end
  return true, "back at " .. found.place
end

return enter
