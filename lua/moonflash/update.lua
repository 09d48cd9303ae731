--- From files and a choice of modem to a finished update: images are looked at, the modem is found,
-- the script is chosen, then the engine runs its steps.
-- @module moonflash.update

local device = require "moonflash.device"
local engine = require "moonflash.engine"
local exit = require "moonflash.exit"
local failure = require "moonflash.failure"
local image = require "moonflash.image"
local job = require "moonflash.job"
local lock = require "moonflash.lock"
local model = require "moonflash.model"
local sys = require "moonflash.core.sys"

local update = {}

--- Looks at all files and sees whether they fit together.
-- @treturn table the set, or nil and the first failure
local function look_at_images(request)
  local reports = {}
  for index, file in ipairs(request.files) do
    local report, problem = image.inspect(file, { to_send = true })
    if not report then return nil, problem end
    reports[index] = report
  end
  local set = image.set(reports, request.options)
  if set.ok then return set end
  local problem = set.problems[1]
  return nil, failure.new(problem.code, problem.message, { evidence = problem.evidence })
end

-- The model is what --model says, else the one whose ids the modem has.
local function choose_model(models, found, options)
  for _, candidate in ipairs(models) do
    local wanted = options.model or found.model
    if wanted and model.answers_to(candidate, wanted) then return candidate end
  end
  if options.model then
    return nil, failure.new("script.not_found", "no script for the model " .. options.model)
  end
  return nil, failure.new("device.unknown_model", "no script knows this modem",
    { evidence = device.describe(found) })
end

local function check_fit(chosen, set)
  if model.fits(chosen, set) then return true end
  return nil, failure.new("image.wrong_model", ("these images are not for the %s"):format(chosen.name), {
    evidence = ("they are for %s %s, the modem is %s %s"):format(set.family or "?", set.product or "?",
      chosen.family, chosen.product) })
end

-- The set of the images, the modem and its script, or nil and a failure, in the order in which
-- things are looked at: images first, then the modem.
local function prepare(request, script)
  local set, problem, models, found, chosen, fits
  set, problem = look_at_images(request)
  if not set then return nil, problem end
  models, problem = model.all()
  if not models then return nil, problem end
  if script then table.insert(models, 1, script) end
  found, problem = device.select(device.list(request.root, models), request.selection)
  if not found then return nil, problem end
  chosen, problem = script, nil
  if not chosen then chosen, problem = choose_model(models, found, request.options) end
  if not chosen then return nil, problem end
  fits, problem = check_fit(chosen, set)
  if not fits then return nil, problem end
  return update.job(request, { model = chosen, models = models, device = found, set = set })
end

--- A job from a request and what was found.
function update.job(request, found)
  found.root, found.options, found.emit = request.root, request.options, request.emit
  found.arguments = request.arguments
  return job.new(found)
end

--- Fills in what a request leaves open, and begins to listen for signals.
function update.request(given)
  sys.catch_signals()
  return {
    files = given.files or {}, root = given.root or "/", selection = given.selection or {},
    options = given.options or {}, emit = given.emit or function() end,
    arguments = given.arguments or {}, path = given.path,
  }
end

--- The result of a job.
-- @tparam ?table work the job, if it came to one
-- @tparam ?table problem the failure
-- @treturn table { ok, exit, before, after, failure }
function update.result(work, problem)
  local outcome = { ok = problem == nil, failure = problem, exit = exit.status(work, problem) }
  if work then outcome.before, outcome.after = work.before, work.after end
  if not problem and work and work.up_to_date then outcome.exit = exit.NOTHING_TO_DO end
  return outcome
end

--- Runs steps on a job while holding the modem's lock.
-- @treturn table the result
function update.run(work, steps)
  local held, problem = lock.take(work.root, work.device)
  if not held then return update.result(work, problem) end
  work.changing = true
  if work.device.mode == "download" then work.phase = "transfer" end
  local done, broken = engine.run(work, steps)
  held:release()
  return update.result(work, not done and broken or nil)
end

--- Brings one modem to the firmware in the files.
-- @tparam table request files, root, selection, options, emit (see lua/README.md)
-- @tparam[opt] table script a model to use instead of the one the modem's ids choose
-- @treturn table { ok, exit, before, after, failure }
function update.update(request, script)
  request = update.request(request)
  local work, problem = prepare(request, script)
  if not work then return update.result(nil, problem) end
  return update.run(work, work.model)
end

--- What update would do; nothing is sent that changes the modem.
-- @treturn table as update's, with device, set and steps = { { step, changes, seconds } }
function update.plan(request)
  request = update.request(request)
  local work, problem = prepare(request)
  if not work then return update.result(nil, problem) end
  local outcome, steps
  steps, problem = engine.plan(work, work.model)
  outcome = update.result(work, problem)
  outcome.device, outcome.set, outcome.steps = work.device, work.set, steps
  return outcome
end

return update
