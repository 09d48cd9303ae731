-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The modem, the model and the job that a request means.

local device = require "moonflash.device"
local failure = require "moonflash.base.failure"
local files = require "moonflash.engine.model_files"
local job = require "moonflash.engine.job"
local lock = require "moonflash.host.lock"
local model = require "moonflash.engine.model"
local paths = require "moonflash.base.paths"
local requests = require "moonflash.base.request"
local run = require "moonflash.base.run"
local step = require "moonflash.engine.step"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local jobs = {}

--- Why no modem can be seen below a root, in words; nil when modems would be seen there.
function jobs.obstacle(root)
  local bus = paths.below(root, "/sys/bus")
  if not sys.stat(bus) then return paths.below(root, "/sys") .. " is missing or not mounted" end
  if not sys.stat(bus .. "/usb") then return bus .. "/usb is missing: this system has no USB" end
end

--- Makes a job (see moonflash.engine.job) of a request and of model, models, device and set, as far as known.
function jobs.new(request, found)
  return job.new(tables.merge(request, found))
end

-- What is not surely a loader gets no byte that is meant for one. Where no model has the ids, both must say that it is
-- one: the form of the device, and the user, who names the model of this one modem.
local function as_said(found, models, options)
  return options.model and not options.all and device.as_said(found, models, options.transport) or found
end

--- The device that the selection of a request means, in any mode; or nil and a failure: device.none, device.ambiguous,
-- or device.busy while another job restarts its modem.
-- @tparam table request
-- @tparam table models
-- @tparam[opt] table selection that of the request if not given
function jobs.select(request, models, selection)
  local devices = device.list(request.root, models, request.options.transport)
  local found, problem = device.select(devices, selection or request.selection)
  if found then return as_said(found, models, request.options) end
  if problem.code ~= "device.none" then return nil, problem end
  local obstacle = jobs.obstacle(request.root)
  if obstacle then
    problem.evidence, problem.hint = obstacle, "mount /sys, and run moonflash where USB devices are seen"
  end
  return nil, lock.of_absent_modem(request.root, devices) or problem
end

--- The job of the one modem that a request selects, or nil and a failure as of jobs.select.
function jobs.find(request)
  local models = files.all(request.emit)
  local found, none = jobs.select(request, models)
  if not found then return nil, none end
  return jobs.new(request, { models = models, device = found })
end

--- Opens one modem: no other job can use it until `job:finalize()`. Signals are caught until then. A script may leave
-- it to its end.
-- @tparam[opt] table given root, selection, options, emit
-- @treturn table a job (see moonflash.engine.job), or nil and a failure: device.none, device.ambiguous, device.busy
function jobs.open(given)
  requests.check(given)
  local opened, problem = jobs.find(requests.complete(given))
  if not opened then return nil, problem end
  local locked
  locked, problem = opened:lock()
  if not locked then return nil, problem end
  opened.changing = true
  opened:catch_signals()
  local of_script = run.current().opened
  if of_script then of_script[#of_script + 1] = opened end
  return opened
end

-- --- the model -----------------------------------------------------------------------------------

--- The model of the option `model`; nil when the option names no script file; or nil and a failure.
function jobs.named_script(name)
  if not name or not name:find "/" and not name:find "%.lua$" then return nil end
  local script, problem = files.model_of(name)
  if script or problem then return script, problem end
  return nil, failure.new("script.invalid", name .. " does not return flash.model { ... }")
end

local function unknown_name(name, models)
  local known = {}
  for index, one in ipairs(models) do known[index] = one.name end
  return failure.new("script.not_found", "no script for the model " .. name, {
    hint = ("the models are %s; a script of your own is named by its file: --model ./mine.lua"):format(
      table.concat(known, ", ")) })
end

local function no_model(words, found)
  return nil, failure.new("device.unknown_model", words, { evidence = device.describe(found) })
end

--- The failure image.wrong_model of a device that no script is for; nil for all other devices.
function jobs.other_modem(found)
  local other = found.other
  return other and failure.new("image.wrong_model", "moonflash does not support the " .. other.name, {
    evidence = ("%s: %s"):format(device.describe(found), other.reason),
    hint = other.final and "update it with another tool; moonflash's README compares some"
      or "if the product text is wrong, give the model with --model" })
end

-- The model that the caller gave or that --model names, else the one whose ids the modem has. A given model is for
-- the modems whose ids it names, unless --model says otherwise.
local function choose_model(seen, found, name)
  local given, wanted, other = seen.script, name or found.model, jobs.other_modem(found)
  if other and found.other.final then return nil, other end
  if given then
    if name or model.is_for(given, found, seen.models) then return given end
    return no_model("this script is for the " .. given.name, found)
  end
  for _, candidate in ipairs(seen.models) do
    if wanted and model.answers_to(candidate, wanted) then return candidate end
  end
  if name then return nil, unknown_name(name, seen.models) end
  if other then return nil, other end
  return no_model("moonflash does not support this modem", found)
end

-- What is wrong with a model for these images; nil: nothing.
local function wrong_model(chosen, set)
  local fault = step.fault(chosen)
  if fault then return failure.new("script.invalid", ("%s: %s"):format(chosen.name, fault)) end
  local fits, words = model.fits(chosen, set)
  if fits then return nil end
  return failure.new("image.wrong_model", ("these images are not for the %s"):format(chosen.name), {
    evidence = ("%s; the %s is %s %s"):format(words, chosen.name, chosen.family, chosen.product) })
end

--- A job that updates the device `found`, if there is a model for it and the images are for that model; or nil and a
-- failure. seen = { set of images, models, script = the model to use instead of the one the modem's ids choose }.
function jobs.of_update(request, seen, found)
  local chosen, problem = choose_model(seen, found, request.options.model)
  problem = problem or wrong_model(chosen, seen.set)
  if problem then return nil, problem end
  return jobs.new(request, { model = chosen, models = seen.models, device = found, set = seen.set })
end

return jobs
