--- Runs the steps of a script: modes, retries, undo, finalizers, events. What a step does is the
-- step's; when it runs, how often, and what happens when it fails is decided here, once.
-- @module moonflash.engine

local context = require "moonflash.base.run"
local failure = require "moonflash.base.failure"
local fault_of = require("moonflash.engine.step").fault
local sys = require "moonflash.core.sys"
local user_code = require "moonflash.engine.user_code"

local engine = {}

-- A step's run function returns `true` and words, or `nil` and a failure (or a text), or one of these, which
-- no text is by chance. A failure with `again = true` asks for one more pass over all steps, which the step's
-- field `again` allows.
local function named(name)
  return setmetatable({}, { __tostring = function() return name end })
end

--- There was nothing to do; a reason follows.
engine.SKIP = named "skip"
--- The goal is reached, no further step is needed.
engine.FINISH = named "finish"
--- Something is done and something is left: all steps are run once more.
engine.AGAIN = named "again"

local function emit_step(job, step, state, message)
  job.emit { event = "step", step = step.name, state = state, message = message }
end

local function applies(mode, step)
  return step.goal or not step.mode or step.mode == mode
end

-- Failures that a retry cannot mend: a script gets no better by it, but what it refuses it may take later.
local function is_final(job, problem)
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

local function attempt(job, step)
  for try = 0, step.retry or 0 do
    if try > 0 then
      job:note(("%s: try %d"):format(step.name, try + 1))
      local slept, stopped = sys.sleep_ms(job:ms(step.pause or 0))
      if not slept then return nil, stopped end
    end
    local outcome, detail = run_protected(job, step)
    if outcome then return outcome, detail end
    if try == (step.retry or 0) or is_final(job, detail) then return nil, detail end
    job:note(("%s: %s"):format(step.name, tostring(detail)))
  end
end

local function run_step(job, step)
  if not applies(job.device.mode, step) then
    emit_step(job, step, "skipped", "the modem is in " .. job.device.mode .. " mode")
    return true
  end
  emit_step(job, step, "started")
  job.step = step.name
  local outcome, detail = attempt(job, step)
  if outcome == engine.SKIP then
    emit_step(job, step, "skipped", detail)
  elseif outcome then
    emit_step(job, step, "done", detail)
  else
    detail.step = detail.step or step.name
    emit_step(job, step, "failed", detail.message)
  end
  return outcome, detail
end

-- One pass over the steps. Returns true, or AGAIN, or nil, the failure and the step.
local function run_pass(job, steps)
  for _, step in ipairs(steps) do
    local stopped = job:check_interrupt()
    if stopped then return nil, stopped, step end
    local outcome, problem = run_step(job, step)
    if not outcome then return nil, problem, step end
    if outcome == engine.FINISH then break end
    if outcome == engine.AGAIN then return outcome end
  end
  return true
end

local function run_passes(job, steps)
  local asked = {}
  while true do
    local done, problem, step = run_pass(job, steps)
    if done == true then return true end
    if not done then
      asked[step] = (asked[step] or 0) + 1
      if not problem.again or asked[step] > (step.again or 0) then return nil, problem end
      job:warn(problem.code, tostring(problem) .. "; once more from the start")
    end
  end
end

--- Runs all steps of a script on a job.
-- @tparam table job see moonflash.engine.job
-- @tparam table steps the script: an array of steps
-- @treturn boolean true, or nil and the first failure; undo and finalizers have run by then
-- @raise for what is no step, before the first one runs
function engine.run(job, steps)
  local wrong = fault_of(steps)
  if wrong then error(wrong, 2) end
  local script = context.current()
  local outer = script.at_work
  script.at_work = job
  local outcome, problem = run_passes(job, steps)
  if not outcome then
    job.failure = problem
    job:put_back()
  end
  job:finalize()
  script.at_work = outer
  if outcome and not job.unfinished then return true end
  return nil, problem or job.unfinished
end

local function list(job, steps)
  local listed, mode, peeking = {}, job.device.mode, true
  for _, step in ipairs(steps) do
    if applies(mode, step) then
      if step.changes then peeking = false end
      local outcome, problem = true, nil
      if peeking then outcome, problem = run_step(job, step) end
      if not outcome then return nil, problem end
      listed[#listed + 1] = { step = step.name, changes = step.changes or false, seconds = step.seconds or 0 }
      mode = step.leads_to or mode
      if outcome == engine.FINISH then break end
    end
  end
  return listed
end

--- What a run would do: the steps that change nothing are run up to the first that would change
-- the modem, the rest is only listed.
-- @tparam table job see moonflash.engine.job
-- @tparam table steps the script: an array of steps
-- @treturn table array of { step, changes, seconds }, or nil and a failure
function engine.plan(job, steps)
  local listed, problem = list(job, steps)
  job:finalize()
  return listed, problem
end

return engine
