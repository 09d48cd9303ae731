--- From files and a choice of modem to a finished update: images are looked at, the modem is found,
-- the script is chosen, then the engine runs its steps.
-- @module moonflash.commands.update

local context = require "moonflash.base.run"
local device = require "moonflash.device"
local engine = require "moonflash.engine"
local exit = require "moonflash.commands.result"
local failure = require "moonflash.base.failure"
local files = require "moonflash.engine.model_files"
local fleet = require "moonflash.commands.fleet"
local services = require "moonflash.host.services"
local port_users = require "moonflash.host.port_users"
local image = require "moonflash.image"
local job = require "moonflash.engine.job"
local model = require "moonflash.engine.model"
local preflight = require "moonflash.host.preflight"
local routes = require "moonflash.procedure.routes"
local step = require "moonflash.engine.step"
local sys = require "moonflash.core.sys"

local update = {}

--- Looks at all files and sees whether they fit together.
-- @treturn table the set, or nil and the first failure
local function look_at_images(request)
  local reports = {}
  for _, file in ipairs(request.files) do
    local found, problem = image.look(file, { to_send = true, timeout_scale = request.options.timeout_scale })
    if not found then return nil, problem end
    for _, report in ipairs(found) do reports[#reports + 1] = report end
  end
  local set = image.set(reports, request.options)
  if set.ok then return set end
  return nil, set.problems[1]
end

-- A script of somebody's own is for the modems whose ids it names, unless --model takes one for such.
local function check_script(script, found, models, options)
  if options.model or model.is_for(script, found, models) then return script end
  return nil, failure.new("device.unknown_model", "this script is for the " .. script.name,
    { evidence = device.describe(found) })
end

-- The model is what --model says, else the one whose ids the modem has.
local function choose_model(seen, found, options)
  if seen.script then return check_script(seen.script, found, seen.models, options) end
  for _, candidate in ipairs(seen.models) do
    local wanted = options.model or found.model
    if wanted and model.answers_to(candidate, wanted) then return candidate end
  end
  if options.model then
    return nil, failure.new("script.not_found", "no script for the model " .. options.model,
      { hint = "a script of your own is named by its file: --model ./mine.lua" })
  end
  return nil, failure.new("device.unknown_model", "no script knows this modem",
    { evidence = device.describe(found) })
end

local function check_fit(chosen, set)
  local fits, other = model.fits(chosen, set)
  if fits then return true end
  return nil, failure.new("image.wrong_model", ("these images are not for the %s"):format(chosen.name), {
    evidence = ("they are for %s %s, the modem is %s %s"):format(set.family or other or "?",
      set.product or "?", chosen.family, chosen.product) })
end

-- The script that --model names, when it names a file and no model.
local function named_script(name)
  if not name or not name:find "/" and not name:find "%.lua$" then return nil end
  local script, problem = files.model_of(name)
  if script or problem then return script, problem end
  return nil, failure.new("script.invalid", name .. " does not return flash.model { ... }")
end

-- What does not depend on the modem: the set of the images and all models, the script given first. Not to
-- lead a modem back would be worse than to do it without a script that does not load.
local function look(request, script, to_recover)
  local _, unknown = routes.forced(request.options)
  if unknown then return nil, unknown end
  local set, problem = look_at_images(request)
  if not set then return nil, problem end
  if not script then script, problem = named_script(request.options.model) end
  if problem then return nil, problem end
  local models
  models, problem = files.all(to_recover and request.emit or nil)
  if problem and not to_recover then return nil, problem end
  if script then table.insert(models, 1, script) end
  return { set = set, models = models, script = script }
end

-- A job for a modem, when there is a script for it and the images are for that.
local function work_for(request, seen, found)
  local chosen, problem = choose_model(seen, found, request.options)
  if not chosen then return nil, problem end
  local wrong = step.fault(chosen)
  if wrong then return nil, failure.new("script.invalid", ("%s: %s"):format(chosen.name, wrong)) end
  local fits
  fits, problem = check_fit(chosen, seen.set)
  if not fits then return nil, problem end
  return update.job(request, { model = chosen, models = seen.models, device = found, set = seen.set })
end

-- The job of the one modem that is meant.
local function prepare(request, seen, selection)
  local found, problem = device.select(device.list(request.root, seen.models), selection)
  if not found then return nil, problem end
  return work_for(request, seen, found)
end

--- A job from a request and what was found.
-- @tparam table request of update.request
-- @tparam table found model, models, device, set; as far as known
-- @treturn table see moonflash.engine.job
function update.job(request, found)
  found.root, found.options, found.emit = request.root, request.options, request.emit
  found.arguments = request.arguments
  return job.new(found)
end

--- Fills in what a request leaves open (see moonflash.base.run), and begins to listen for signals.
function update.request(given)
  sys.catch_signals()
  return context.fill(given, 3)
end

-- Where the modem was, when that is all that is known.
local function with_evidence(work, problem)
  local dev = work and work.device
  if dev and problem and not problem.evidence then problem.evidence = device.describe(dev) end
  return problem
end

--- The result of a job.
-- @tparam ?table work the job, if it came to one
-- @tparam ?table problem the failure
-- @treturn table { ok, exit, before, after, failure }
function update.result(work, problem)
  local outcome = { ok = problem == nil, failure = with_evidence(work, problem),
    exit = exit.status(work, problem) }
  if work then outcome.before, outcome.after = work.before, work.after end
  local untouched = work and work.phase == "untouched" -- else an earlier pass of this run made it current
  if not problem and untouched and work.up_to_date then outcome.exit = exit.NOTHING_TO_DO end
  return outcome
end

-- Those who use the modem pause, and what else can be is set right; all is undone by finalizers.
local function make_way(work)
  local ready, problem = preflight.prepare(work)
  if not ready then return nil, problem end
  local paused
  paused, problem = services.pause(work)
  if paused == nil then return nil, problem end
  return port_users.check(work, paused)
end

local function run_held(work, steps)
  local ready, hindrance = make_way(work)
  if not ready then
    work:finalize()
    return nil, hindrance
  end
  work.changing = true
  work.started_in_download = work.device.mode == "download"
  if work.started_in_download then work.phase = "transfer" end
  return engine.run(work, steps)
end

--- Runs steps on a job: looks for what is in the way, takes the modem's lock, has others pause.
-- @tparam table work a job
-- @tparam table steps
-- @treturn table the result
function update.run(work, steps)
  work:settle()
  services.restore_leftovers(work)
  local clear, finding = preflight.check(work)
  if not clear then return update.result(work, finding) end
  local held, problem = work:lock()
  if not held then return update.result(work, problem) end
  local done, broken = run_held(work, steps)
  local failed = context.current().failed
  if failed then failed[work.device.place or ""] = not done and work or nil end
  return update.result(work, not done and broken or nil)
end

local function update_one(request, seen, selection)
  local work, problem = prepare(request, seen, selection)
  if not work then return update.result(nil, problem) end
  return update.run(work, work.model)
end

-- One after the other; what is plugged is looked at anew for each.
local function update_all(request, seen)
  local chosen, problem = fleet.choose(device.list(request.root, seen.models), request.selection, seen.set,
    function(found) return work_for(request, seen, found) end)
  if not chosen then return update.result(nil, problem) end
  local results = {}
  for index, found in ipairs(chosen) do
    request.emit { event = "note", message = device.describe(found) }
    local result = update_one(request, seen, { place = found.place, serial = found.serial })
    result.place = found.place
    results[index] = result
    request.emit { event = "result", result = result }
    if result.exit == exit.INTERRUPTED then break end
  end
  return fleet.result(results, #chosen)
end

--- Brings one modem to the firmware in the files, or with the option `all` every modem they fit.
-- @tparam table request files, root, selection, options, emit (see lua/README.md)
-- @tparam[opt] table script a model to use instead of the one the modem's ids choose
-- @tparam[opt] boolean to_recover scripts that do not load are left out with a warning
-- @treturn table { ok, exit, before, after, failure }; with `all` an event "result" with the result of
-- each, and here the worst
function update.update(request, script, to_recover)
  request = update.request(request)
  local seen, problem = look(request, script, to_recover)
  if not seen then return update.result(nil, problem) end
  if request.options.all then return update_all(request, seen) end
  return update_one(request, seen, request.selection)
end

local function tell_services(work)
  if work.options.keep_services then return end
  for _, name in ipairs(services.list(work.root, work.device)) do work:note("would pause " .. name) end
end

--- What update would do; nothing is sent that changes the modem.
-- @treturn table as update's, with device, set and steps = { { step, changes, seconds } }
function update.plan(request)
  request = update.request(request)
  local seen, problem = look(request)
  if not seen then return update.result(nil, problem) end
  local work
  work, problem = prepare(request, seen, request.selection)
  if not work then return update.result(nil, problem) end
  preflight.warn_of_all(work)
  tell_services(work)
  local outcome, steps
  steps, problem = engine.plan(work, work.model)
  outcome = update.result(work, problem)
  outcome.device, outcome.set, outcome.steps = work.device, work.set, steps
  return outcome
end

return update
