--- Requests: what a caller asks for, checked once, with what it leaves open taken from the current run; and the
-- modem, the model and the job that a request means.
-- @module moonflash.commands.request

local checks = require "moonflash.base.request_checks"
local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local files = require "moonflash.engine.model_files"
local job = require "moonflash.engine.job"
local model = require "moonflash.engine.model"
local run = require "moonflash.base.run"
local step = require "moonflash.engine.step"
local tables = require "moonflash.base.table"

local request = {}

--- Makes a request. Options are completed one by one, a selection is one thing.
-- @tparam[opt] table given any of files, arguments, path, pair, root, selection, options, emit
-- @tparam[opt=2] number level of an error in the request, as for `error`; 1 is the caller
-- @treturn table the request
-- @raise for a field or an option that does not exist, or whose value is wrong
function request.new(given, level)
  given = given or {}
  checks.request(given, level or 2)
  local current = run.current()
  return {
    root = given.root or current.root, selection = given.selection or current.selection,
    options = tables.merge(current.options, given.options),
    emit = given.emit and run.safe_emit(given.emit) or current.emit,
    files = given.files or {}, arguments = given.arguments or {}, path = given.path, pair = given.pair,
  }
end

--- The one modem that a request selects, in any mode.
-- @tparam table self request
-- @treturn table the device, or nil and a failure: device.none or device.ambiguous
-- @treturn table all models
function request.choose(self)
  local models = files.all(self.emit)
  local found, none = device.select(device.list(self.root, models), self.selection)
  if not found then return nil, none end
  return found, models
end

--- A job of a request.
-- @tparam table self request
-- @tparam table found model, models, device, set; as far as known
-- @treturn table see moonflash.engine.job
function request.job(self, found)
  return job.new(tables.merge(found, {
    root = self.root, options = self.options, emit = self.emit, arguments = self.arguments,
  }))
end

--- The one modem that a request selects, in a job.
-- @tparam table self request
-- @treturn table the job, or nil and a failure as of choose
function request.find(self)
  local found, models = request.choose(self)
  if not found then return nil, models end
  return request.job(self, { models = models, device = found })
end

--- Opens one modem: no other job can use it until `job:finalize()`. Signals are caught until then. A script may leave
-- it to its end.
-- @tparam[opt] table given root, selection, options, emit
-- @treturn table a job (see moonflash.engine.job), or nil and a failure: device.none, device.ambiguous, device.busy
function request.open(given)
  local work, problem = request.find(request.new(given, 3))
  if not work then return nil, problem end
  local locked
  locked, problem = work:lock()
  if not locked then return nil, problem end
  work.changing = true
  work:catch_signals()
  local opened = run.current().opened
  if opened then opened[#opened + 1] = work end
  return work
end

-- --- the model -----------------------------------------------------------------------------------

--- The model of the option `model`, when the option names a script file.
-- @tparam ?string name
-- @treturn ?table the model; nil when the option names no file; or nil and a failure
function request.named_script(name)
  if not name or not name:find "/" and not name:find "%.lua$" then return nil end
  local script, problem = files.model_of(name)
  if script or problem then return script, problem end
  return nil, failure.new("script.invalid", name .. " does not return flash.model { ... }")
end

-- A model that a script returned is for the modems whose ids it names, unless --model says otherwise.
local function check_given(given, found, models, options)
  if options.model or model.is_for(given, found, models) then return given end
  return nil, failure.new("device.unknown_model", "this script is for the " .. given.name,
    { evidence = device.describe(found) })
end

local function unknown_model(name, models)
  local known = {}
  for index, one in ipairs(models) do known[index] = one.name end
  return failure.new("script.not_found", "no script for the model " .. name, {
    hint = ("the models are %s; a script of your own is named by its file: --model ./mine.lua"):format(
      table.concat(known, ", ")) })
end

-- The model that --model names, else the one whose ids the modem has.
local function choose_model(seen, found, options)
  if seen.script then return check_given(seen.script, found, seen.models, options) end
  local wanted = options.model or found.model
  for _, candidate in ipairs(seen.models) do
    if wanted and model.answers_to(candidate, wanted) then return candidate end
  end
  if options.model then
    return nil, unknown_model(options.model, seen.models)
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

--- A job that updates a modem, if there is a model for the modem and the images are for that model.
-- @tparam table self request
-- @tparam table seen set of images, models, script = the model to use instead of the one the modem's ids choose
-- @tparam table found the device
-- @treturn table the job, or nil and a failure
function request.update_job(self, seen, found)
  local chosen, problem = choose_model(seen, found, self.options)
  if not chosen then return nil, problem end
  local wrong = step.fault(chosen)
  if wrong then return nil, failure.new("script.invalid", ("%s: %s"):format(chosen.name, wrong)) end
  local fits
  fits, problem = check_fit(chosen, seen.set)
  if not fits then return nil, problem end
  return request.job(self, { model = chosen, models = seen.models, device = found, set = seen.set })
end

return request
