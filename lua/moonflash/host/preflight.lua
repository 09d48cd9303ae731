--- What is looked at before anything is changed. A check is a table
--
--     { name = "memory",                what --skip calls it
--       look = function(job) ... end,   gives a finding, or nil when all is well
--       prepare = function(job) end }   optional: what it sets right for the run, with job:defer to
--                                       undo it; true, or nil and a failure
--
-- and a finding { message, evidence, cure, warning = true when it does not refuse the job }.
-- All files they read are below the job's root.
-- @module moonflash.host.preflight

local failure = require "moonflash.base.failure"

local preflight = {}

-- In the order in which they are told.
local checks = {
  require "moonflash.host.checks.node",
  require "moonflash.host.checks.permission",
  require "moonflash.host.checks.driver",
  require "moonflash.host.checks.login",
  require "moonflash.host.checks.memory",
  require "moonflash.host.checks.autosuspend",
  require "moonflash.host.checks.power",
  require "moonflash.host.checks.virtual_machine",
}

local names = { holders = true }
for _, check in ipairs(checks) do names[check.name] = true end

local function is_skipped(job, check)
  return (job.options.skip or {})[check.name]
end

-- A name that is misspelt would skip nothing, in silence.
local function warn_of_names(job)
  for name in pairs(job.options.skip or {}) do
    if not names[name] then
      local known = {}
      for finding in pairs(names) do known[#known + 1] = finding end
      table.sort(known)
      job:warn("usage", ("--skip %s skips nothing: there are %s"):format(name, table.concat(known, ", ")))
    end
  end
end

--- Everything that is found.
-- @tparam table job
-- @treturn table array of findings, each with its name
function preflight.look(job)
  local findings = {}
  for _, check in ipairs(checks) do
    local finding = check.look(job)
    if finding then
      finding.name = check.name
      findings[#findings + 1] = finding
    end
  end
  return findings
end

local function code_of(finding)
  return "preflight." .. finding.name
end

local function warn(job, finding, before)
  job:warn(code_of(finding), ("%s%s (%s); %s"):format(before or "", finding.message, finding.evidence,
    finding.cure))
end

local function refusal(finding)
  return failure.new(code_of(finding), finding.message, { evidence = finding.evidence,
    hint = ("%s; or go on all the same with --skip %s"):format(finding.cure, finding.name) })
end

--- Looks, warns of what may be in the way, and refuses what is.
-- @tparam table job
-- @treturn boolean true, or nil and the first finding as a failure (the others are warned of)
function preflight.check(job)
  warn_of_names(job)
  local first
  for _, finding in ipairs(preflight.look(job)) do
    if is_skipped(job, finding) then
      warn(job, finding, "skipped: ")
    elseif finding.warning or first then
      warn(job, finding)
    else
      first = finding
    end
  end
  if first then return nil, refusal(first) end
  return true
end

--- Tells everything as warnings, for plans.
function preflight.tell(job)
  for _, finding in ipairs(preflight.look(job)) do warn(job, finding) end
end

--- Sets right what can be for the run.
-- @tparam table job
-- @treturn boolean true, or nil and a failure
function preflight.prepare(job)
  for _, check in ipairs(checks) do
    if check.prepare and not is_skipped(job, check) then
      local ready, problem = check.prepare(job)
      if not ready then return nil, problem end
    end
  end
  return true
end

return preflight
