-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Runs the steps of a model on a job: modes, retries, undo, finalizers, events. A step says what is done; the engine
-- decides when it runs, how often, and what follows a failure.
--
-- The run function of a step returns one of these:
--
--     true, message       it is done; the message is optional
--     SKIP, reason        there is nothing to do
--     FINISH, message     the goal is reached: no further step runs
--     RESTART, message    all steps run once more
--     nil, failure        or a text. With `restart_procedure = true` in it all steps run once more, as often as
--                         the field `again` of the step allows; with `final = true` there is no retry
--

local failure = require "moonflash.base.failure"
local fault_of = require("moonflash.engine.step").fault
local preflight = require "moonflash.host.preflight"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local user_code = require "moonflash.engine.user_code"

local engine = {}

-- Tables, because no text of a script equals them.
local function marker(name)
  return setmetatable({}, { __tostring = function() return name end })
end

--- There is nothing to do.
engine.SKIP = marker "skip"
--- The goal is reached.
engine.FINISH = marker "finish"
--- All steps run once more.
engine.RESTART = marker "restart"

local function emit_step(job, step, state, fields)
  job.emit(tables.merge({ event = "step", step = step.name, state = state }, fields))
end

local function applies(mode, step)
  return step.goal or not step.mode or step.mode == mode
end

-- The seconds that a step usually takes, and words for a plan.
local function expected(job, step)
  if step.foresee then return step.foresee(job, step) end
  return step.seconds or 0
end

-- The seconds that the steps behind one usually take.
local function expected_behind(job, steps, index)
  local sum, mode = 0, steps[index].leads_to or job.device.mode
  for number = index + 1, #steps do
    local step = steps[number]
    if applies(mode, step) then sum, mode = sum + (expected(job, step)), step.leads_to or mode end
  end
  return sum
end

-- Failures that a retry cannot fix. Script errors are permanent; script.refused is not, because the condition may
-- change.
local function is_permanent(job, problem)
  return job:interrupted() or problem.final or problem.code == "qmi.unavailable"
    or problem.code:find "^script%." and problem.code ~= "script.refused"
end

local function run_protected(job, step)
  local ran, value, detail = user_code.call(step.run, job, step)
  if not ran then return nil, value end
  local where = ("%s: the step %q"):format(user_code.place(step.run), step.name)
  local problem = user_code.failure(where, value, detail)
  if not problem and value == nil then
    problem = failure.new("script.invalid", where .. " returned nothing",
      { hint = "return true, or nil and the reason" })
  end
  if problem then return nil, problem end
  return value, type(detail) == "string" and detail or nil
end

local function run_with_retries(job, step)
  local retries, began = step.retry or 0, sys.clock_ms()
  local within_ms = job.ends and job.ends - began or retries * job:ms(step.pause or 0)
  for try = 0, retries do
    if try > 0 then
      job:note(("%s: try %d"):format(step.name, try + 1))
      local slept, stopped = job:pause(job:ms(step.pause or 0), "not yet, tries again", began, within_ms)
      if not slept then return nil, stopped end
    end
    local outcome, detail = run_protected(job, step)
    if outcome then return outcome, detail end
    if detail.code == "device.no_port" and not applies(job.device.mode, step) then
      return engine.SKIP, "the modem is in " .. job.device.mode .. " mode now"
    end
    if try == retries or is_permanent(job, detail) or job.ends and sys.clock_ms() >= job.ends then
      return nil, detail
    end
    job:note(("%s: %s"):format(step.name, tostring(detail)))
  end
end

-- When a step must end; nil without a limit.
local function end_of(job, step)
  local ends = job.ends or math.huge
  if step.most then ends = math.min(ends, sys.clock_ms() + job:scaled(step.most)) end
  if step.after_restart and job.restarted_at then
    ends = math.min(ends, job.restarted_at + job:scaled(step.after_restart))
  end
  return ends ~= math.huge and ends or nil
end

-- No wait of the step goes beyond job.ends (job:ms).
local function run_in_time(job, step)
  local outer = job.ends
  job.ends = end_of(job, step)
  local outcome, detail = run_with_retries(job, step)
  job.ends = outer
  return outcome, detail
end

local function run_step(job, steps, index)
  local step = steps[index]
  if not applies(job.device.mode, step) then
    emit_step(job, step, "skipped", { message = "the modem is in " .. job.device.mode .. " mode" })
    return true
  end
  emit_step(job, step, "started", { seconds = expected(job, step), behind = expected_behind(job, steps, index) })
  job.step = step.name
  local outcome, detail = run_in_time(job, step)
  if outcome == engine.SKIP then
    emit_step(job, step, "skipped", { message = detail })
  elseif outcome then
    emit_step(job, step, "done", { message = detail })
  else
    detail.step = detail.step or step.name
    emit_step(job, step, "failed", { message = detail.message })
  end
  return outcome, detail
end

-- Runs all steps once. Returns true; or RESTART; or nil, the failure and the step.
local function run_once(job, steps)
  for index, step in ipairs(steps) do
    local stopped = job:check_interrupt()
    if stopped then return nil, stopped, step end
    local outcome, problem = run_step(job, steps, index)
    if not outcome then return nil, problem, step end
    if outcome == engine.FINISH then break end
    if outcome == engine.RESTART then return outcome end
  end
  return true
end

local function run_until_done(job, steps)
  local restarts = {} -- by step, after a failure
  while true do
    local done, problem, step = run_once(job, steps)
    if done == true then return true end
    if not done then
      restarts[step] = (restarts[step] or 0) + 1
      if not problem.restart_procedure or restarts[step] > (step.again or 0) then return nil, problem end
      job:warn(problem.code, tostring(problem) .. "; all steps run again")
    end
  end
end

--- Runs all steps on a job.
-- @tparam table job see moonflash.engine.job
-- @tparam table steps array of steps
-- @treturn boolean true, or nil and the first failure; undo functions and finalizers have run by then
-- @raise for an entry that is no step, before the first step runs
function engine.run(job, steps)
  local wrong = fault_of(steps)
  if wrong then error(wrong, 2) end
  local outcome, problem = run_until_done(job, steps)
  if not outcome then
    preflight.advise(job, problem)
    job.failure = problem
    job:rollback()
  end
  job:finalize()
  if outcome and not job.cleanup_failure then return true end
  return nil, problem or job.cleanup_failure
end

-- The modem's mode after a step is that of the plan, not of the modem.
local function list_steps(job, steps)
  local listed, mode, dry_run = {}, job.device.mode, false
  for index, step in ipairs(steps) do
    if applies(mode, step) then
      dry_run = dry_run or step.changes
      local outcome, problem = true, nil
      if not dry_run then outcome, problem = run_step(job, steps, index) end
      if not outcome then return nil, problem end
      local seconds, message = expected(job, step)
      listed[#listed + 1] = { step = step.name, changes = step.changes or false, seconds = seconds, message = message }
      mode = step.leads_to or mode
      if outcome == engine.FINISH then break end
    end
  end
  return listed
end

--- What a run would do. The steps before the first one that changes the modem run; all others are only listed.
-- @tparam table job see moonflash.engine.job
-- @tparam table steps array of steps
-- @treturn table array of { step, changes, seconds, message }, or nil and a failure
function engine.plan(job, steps)
  local listed, problem = list_steps(job, steps)
  job:finalize()
  return listed, problem
end

return engine
