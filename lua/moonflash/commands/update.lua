-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Updates: images are inspected, the modem is found, its model is chosen; then the engine runs the model's steps.

local device = require "moonflash.device"
local engine = require "moonflash.engine"
local files = require "moonflash.engine.model_files"
local failure = require "moonflash.base.failure"
local image = require "moonflash.image"
local jobs = require "moonflash.commands.job"
local port_users = require "moonflash.host.port_users"
local preflight = require "moonflash.host.preflight"
local results = require "moonflash.commands.result"
local routes = require "moonflash.procedure.routes"
local run = require "moonflash.base.run"
local services = require "moonflash.host.services"
local tables = require "moonflash.base.table"
local url = require "moonflash.image.url"

local update = {}

-- --- before the modem is known -------------------------------------------------------------------

local function release_images(reports)
  for _, report in ipairs(reports) do report:release() end
end

-- The set of the images of a request, or nil and the first failure.
local function read_set(request)
  local reports, problem = {}, nil
  for _, file in ipairs(request.files) do
    local found
    found, problem = image.look(file, { to_send = true, timeout_scale = request.options.timeout_scale })
    if problem then break end
    for _, report in ipairs(found) do reports[#reports + 1] = report end
  end
  local set = not problem and image.set(reports, request.options)
  if set and set.ok then return set end
  release_images(reports)
  return nil, problem or set.problems[1]
end

-- All models; a model that the caller gives, or that --model names by its file, is the first.
local function read_models(request, given, to_recover)
  local script, problem = given, nil
  if not script then script, problem = jobs.named_script(request.options.model) end
  if problem then return nil, problem end
  local models
  models, problem = files.all(to_recover and request.emit or nil)
  if problem and not to_recover then return nil, problem end
  if script then table.insert(models, 1, script) end
  return models, script
end

local function warn_of_refusal(emit, problem)
  emit { event = "warning", code = problem.code,
    message = ("update refuses: %s; %s"):format(tostring(problem), failure.hint(problem)) }
end

local function is_any_fetched(names)
  for _, name in ipairs(names) do
    if url.is(name) then return true end
  end
  return false
end

-- Refuses images that come over a modem that they are for, before any is read.
local function check_images(request, models)
  if not is_any_fetched(request.files) then return true end
  local devices = device.list(request.root, models)
  local chosen = request.options.all and device.matching(devices, request.selection)
    or { (device.select(devices, request.selection)) }
  for _, found in ipairs(chosen) do
    local clear, problem = preflight.check_images(tables.merge(request, { device = found }))
    if not clear then return nil, problem end
  end
  return true
end

-- What does not depend on the modem: { models, script, set }. A model file that does not load ends an update, but
-- no recovery. A plan only warns of what update refuses.
local function prepare(request, given, to)
  local _, unknown = routes.forced(request.options)
  if unknown then return nil, unknown end
  local models, script = read_models(request, given, to == "recover")
  if not models then return nil, script end
  local clear, refusal = check_images(request, models)
  if not clear and to ~= "plan" then return nil, refusal end
  if not clear then warn_of_refusal(request.emit, refusal) end
  local set, problem = read_set(request)
  return set and { models = models, script = script, set = set, recovers = to == "recover" }, problem
end

-- The job of the one modem that is selected.
local function find_job(request, seen, selection)
  local found, none = jobs.select(request, seen.models, selection)
  if not found then return nil, none end
  return jobs.of_update(request, seen, found)
end

-- --- one modem -----------------------------------------------------------------------------------

-- Refuses the job for what is in its way, locks the modem, fixes what can be fixed and pauses programs that use the
-- modem. Finalizers of the job undo it.
local function prepare_host(job)
  local ready, problem = preflight.check(job)
  if ready then ready, problem = job:lock() end
  if ready then ready, problem = preflight.prepare(job) end
  if not ready then return nil, problem end
  local paused
  paused, problem = services.pause(job)
  if paused == nil then return nil, problem end
  return port_users.check(job, paused)
end

local function begin(job)
  job:settle()
  services.restore_leftovers(job)
  local ready, problem = prepare_host(job)
  if not ready then return nil, problem end
  job.changing = true
  job.started_in_download = job.device.mode == "download"
  if job.started_in_download then job.phase = "transfer" end
  return true
end

--- Runs steps on a job: prepares the host, locks the modem, pauses other programs. The job is finalized. Returns the
-- result.
function update.run(job, steps)
  local ready, problem = begin(job)
  if ready then
    ready, problem = engine.run(job, steps)
  else
    job:finalize()
  end
  run.current().phase = not ready and job.phase or nil
  return results.of(job, not ready and problem or nil)
end

local function update_one(request, seen, selection)
  local job, problem = find_job(request, seen, selection)
  if not job then return results.bad(problem) end
  job.recovers = seen.recovers
  return update.run(job, job.model)
end

-- --- several modems ------------------------------------------------------------------------------

-- A modem that names another family than its ids or --model do.
local function is_of_other_family(result)
  return result.failure and result.failure.code == "image.wrong_model"
end

-- One modem after the other. Each is found anew: the one before it may have changed places.
local function update_all(request, seen)
  local devices = device.list(request.root, seen.models, request.options.transport)
  local chosen, problem = require("moonflash.commands.fleet").choose(devices, request.selection, seen.set,
    function(found) return jobs.of_update(request, seen, found) end)
  if not chosen then return results.bad(problem) end
  local list, count, left_out = {}, #chosen, nil
  for _, found in ipairs(chosen) do
    request.emit { event = "note", message = device.describe(found) }
    local result = update_one(request, seen, { place = found.place, serial = found.serial })
    if is_of_other_family(result) then
      count, left_out = count - 1, result
      request.emit { event = "warning", code = result.failure.code,
        message = ("%s is left out: %s"):format(device.describe(found), tostring(result.failure)) }
    else
      result.place, list[#list + 1] = found.place, result
      request.emit(tables.merge(result, { event = "result" }))
    end
    if result.exit == results.INTERRUPTED then break end
  end
  return list[1] and results.of_all(list, count) or left_out
end

-- --- the commands --------------------------------------------------------------------------------

--- flash.update. `script` is a model to use instead of the one the modem's ids choose; with to_recover, model files
-- that do not load are left out with a warning. With `all` the result is the worst one, after an event "result" for
-- each modem.
function update.update(request, script, to_recover)
  local seen, problem = prepare(request, script, to_recover and "recover" or "update")
  if not seen then return results.bad(problem) end
  local result
  if request.options.all then
    result = update_all(request, seen)
  else
    result = update_one(request, seen, request.selection)
  end
  release_images(seen.set.images)
  return result
end

local function list_services(job)
  local names = job.options.keep_services and {} or services.list(job.root, job.device)
  for _, name in ipairs(names) do job:note("would pause " .. name) end
  return names
end

-- Warns of what update refuses, and returns the programs that it pauses. They may use the modem until then.
local function check_host(job)
  local _, problem = preflight.check(job, true)
  local paused = list_services(job)
  if not problem and paused[1] then
    problem = services.obstacle(job.root, job.device)
  elseif not problem then
    _, problem = port_users.check(job)
  end
  if problem then warn_of_refusal(job.emit, problem) end
  return paused
end

local function plan_job(job)
  local pauses = check_host(job)
  local steps, problem = engine.plan(job, job.model)
  local result = results.of(job, problem)
  result.device, result.set, result.steps, result.pauses = job.device, job.set, steps, pauses
  return result
end

--- flash.plan: nothing is sent that changes the modem.
function update.plan(request)
  local seen, problem = prepare(request, nil, "plan")
  if not seen then return results.bad(problem) end
  local job
  job, problem = find_job(request, seen, request.selection)
  local result = job and plan_job(job) or results.bad(problem)
  release_images(seen.set.images)
  return result
end

return update
