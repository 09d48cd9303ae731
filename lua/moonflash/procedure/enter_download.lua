-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The step from application mode into download mode, and the wait for a mode.

local engine = require "moonflash.engine"
local failure = require "moonflash.base.failure"
local limits = require "moonflash.base.limits"
local reset = require "moonflash.procedure.reset"
local routes = require "moonflash.procedure.routes"
local step = require "moonflash.engine.step"
local sys = require "moonflash.core.sys"
local versions = require "moonflash.procedure.versions"

-- A modem that stores the images may boot them although it listed them for a download (libqmi-devel
-- 2021-April/003590).
local function has_switched(job)
  local state = job.set and not job.options.force and versions.read(job)
  if not state or versions.difference(job.set, state) then return false end
  job.phase = "booting"
  return true
end

local function try_route(job, route, within)
  local ends = sys.clock_ms() + job:ms(within)
  local found, lost = reset.run(job, route.run, within)
  if not found then return nil, lost end
  if found.mode == "download" then return job:download(ends - sys.clock_ms()) end
  if has_switched(job) then return true end
  return nil, failure.new("job.not_entered", "the modem restarted but did not stay in download mode")
end

local function emit_route(job, route, state, message)
  job.emit { event = "step", step = "route " .. route.name, state = state, message = message, part = true }
end

-- Tries a route, unless it lacks something.
local function attempt(job, route, within)
  local lacking = route.lacks and route.lacks(job)
  if lacking then
    emit_route(job, route, "skipped", lacking)
    return nil, failure.new("job.not_entered", lacking, { not_tried = true })
  end
  emit_route(job, route, "started")
  local done, problem = try_route(job, route, within)
  emit_route(job, route, done and "done" or "failed", problem and tostring(problem))
  return done, problem
end

-- No other route and no retry helps a modem that dumps its memory, or has no loader or no driver.
local function is_permanent(problem)
  return problem.final or problem.other_protocol == "sahara" or problem.other_protocol == "bootrom"
end

-- Whether the step ends before another route would have had its time.
local function is_late(job, within)
  return job.ends ~= nil and sys.clock_ms() + job:scaled(within) > job.ends
end

-- Tries the routes in their order. Returns true and the name of the successful one; or nil and the first failure of a
-- route that could be tried.
local function try_routes(job, list, within)
  local first
  for _, route in ipairs(list) do
    local done, problem = attempt(job, route, within)
    if done then return true, route.name end
    if job:interrupted() then return nil, job:check_interrupt() end
    if not first or first.not_tried then first = problem end
    if is_permanent(problem) then return nil, problem end
    if is_late(job, within) then break end
    local is_back = problem.not_tried or reset.return_to_application(job, job:ms(within))
    if not is_back or is_late(job, within) then break end
  end
  return nil, first
end

-- The modem stores the images: after a restart it runs them (reference: procedures, e).
local function switch_to_stored(job, forced, within)
  local found, lost = reset.run(job, forced and forced.switch or routes.power_cycle, within)
  if not found then return nil, lost end
  job.phase = "booting"
  return true, "the modem switched to the stored images"
end

-- For a model that names no routes. Not impref: it needs a preference_command.
local usual = { routes.preference, routes.firmware_id, routes.boothold, routes.boot_download }

local function try_repeatedly(job, self, list)
  local first
  for try = 1, self.attempts do
    if try > 1 and not job:pause(job:ms(self.pause), "tries again") then break end
    local done, detail = try_routes(job, list, self.within)
    if done then return true, detail end
    first = first or detail
    if first.not_tried or first.final or job:interrupted() or job.device.mode ~= "application"
      or is_late(job, self.within) then break end
  end
  return nil, first
end

local function enter_download(job, self)
  local forced, unknown = routes.forced(job.options)
  if unknown then return nil, unknown end
  if job.stored_already then return switch_to_stored(job, forced, self.within) end
  local ready, unready = job:prepare_images()
  if not ready then return nil, unready end
  local done, detail = try_repeatedly(job, self, forced and { forced } or self.routes or usual)
  if done then return true, detail end
  if job:interrupted() then return nil, job:check_interrupt() end
  return nil, failure.new("job.not_entered", "the modem could not be brought into download mode",
    { cause = detail, evidence = tostring(detail), hint = is_permanent(detail) and failure.hint(detail) or nil })
end

local function wait(job, self)
  if job.device.mode == self.mode then return engine.SKIP, "it is there" end
  local found, problem = job:wait_for_device({ [self.mode] = true }, job:ms(self.within))
  if not found then return nil, problem end
  return true, "back at " .. found.place
end

return {
  --- Leads the modem into download mode, its port open and greeted. `routes`: flash.routes in their order, all but
  -- impref by default; `attempts`: rounds over them; `within`: seconds for one route, and none begins when less is left
  -- of `most`; `pause`: seconds between rounds. A modem that stores the images already is only restarted.
  enter_download = step.define {
    name = "enter download mode", changes = true, seconds = 45, leads_to = "download",
    fields = { routes = "routes", attempts = "several" },
    within = 120, attempts = 3, pause = 5, most = 260,
    run = enter_download,
  },

  --- Waits until the modem is in `mode`, for `within` seconds.
  wait = step.define {
    name = "wait for the modem", changes = false, seconds = 60, goal = true,
    mode = "application", within = 240, after_restart = limits.answer,
    run = wait,
  },
}
