--- Tries a script on simulated modems, one with each fault, and sees in what state it leaves them.
-- The script, the modem and what asks for its state are processes of their own, as in the field.
-- @module moonflash.sim.script_test

local child = require "moonflash.commands.child"
local exit = require "moonflash.commands.result"
local failure = require "moonflash.base.failure"
local modem = require "moonflash.sim.child_modem"
local process = require "moonflash.base.process"
local sys = require "moonflash.core.sys"
local versions = require "moonflash.procedure.versions"

local trial = {}

--- What is tried, in this order.
trial.faults = require "moonflash.sim.script_faults"

local RUN_MS, STATUS_MS, STOP_MS = 180000, 30000, 10000
local SETTLE_MS, LOOK_MS = 5000, 100
local MOST_LATE = 2 -- after so many runs that do not end, the others would hardly do
local USUAL_PATIENCE = 5 -- how much slower than the simulated modem the script's clock goes

-- Ends a job that goes on for too long; what it said then. Without a result it did not even hear that.
local function stop(job)
  sys.clear_interrupt()
  job:cancel()
  job:cancel() -- during a transfer the first one only warns
  local result = job:wait(STOP_MS)
  if not result then sys.kill(-job.pid, "KILL") end
  return result or { ok = false, exit = exit.INTERRUPTED }
end

-- What a command found, among the events that it told.
local function answer_in(events)
  for _, event in ipairs(events or {}) do
    if not event.event then return event end
  end
end

-- Runs a command against a modem to its end.
-- @treturn table its result (late: it had to be stopped)
-- @treturn ?table what it found; or nil and a failure
local function run(request, root, command, arguments, options, ms)
  local job, problem = child.start { program = request.program, command = command, root = root,
    arguments = arguments, options = options }
  if not job then return nil, problem end
  local result
  result, problem = job:wait(ms)
  if not result then
    result = stop(job)
    if problem.code ~= "sys.timeout" then return nil, problem end
    result.late = true
    result.failure = failure.new("sys.timeout", ("it did not end within %.0f s"):format(ms / 1000))
  end
  local answer = answer_in(job:read())
  job:close()
  return result, answer
end

-- These say which modem is meant, here the simulated one, and what of this program's own is recorded.
local not_for_the_script = { model = true, cdc_wdm = true, tty = true, trace = true }

local function options_for_script(request)
  local options = { chunk_size = request.chunk_size }
  for name, value in pairs(request.options or {}) do
    if not not_for_the_script[name] then options[name] = value end
  end
  options.timeout_scale = (options.timeout_scale or 1) * request.time_scale * USUAL_PATIENCE
  return options
end

local function run_script(request, root)
  return run(request, root, "run", { request.script, unpack(request.files) }, options_for_script(request),
    request.within_ms or RUN_MS)
end

-- The modem may be on its way from one mode to another: waits a while for application mode.
local function state_of(request, root)
  local last
  local _, problem = process.poll_until(sys.clock_ms() + SETTLE_MS, LOOK_MS, function()
    local result, state = run(request, root, "status", {}, {}, STATUS_MS)
    if not result then return nil, state end
    last = state or {}
    return result.ok and last.mode == "application", nil, true
  end)
  if problem then return nil, problem end
  return last
end

-- Online on a consistent image: what it runs is what it prefers.
local function is_well(state)
  return state.mode == "application" and (state.power or {}).mode == "online"
    and (not state.preferred or versions.agree(state.preferred, state.running))
end

-- Where the next restart of a modem leads when it was told to wait for images then; one that cannot be
-- told so refuses the question.
local function next_mode(request, root)
  local result, answer = run(request, root, "qmi", { "dms", "get_boot_image_download_mode" }, {}, STATUS_MS)
  if not result then return nil, answer end
  local waits = result.ok and answer.fields.mode == "boot_and_recovery"
  return waits and "download" or "application"
end

-- Looks at the modem: whether it is well, and stays so when it restarts; or nil and a failure.
local function look(request, root, row)
  local state, problem = state_of(request, root)
  if not state then return nil, problem end
  row.running, row.preferred = state.running, state.preferred
  row.mode, row.power, row.next_mode = state.mode, (state.power or {}).mode, nil
  if not is_well(state) then return false end
  row.next_mode, problem = next_mode(request, root)
  if not row.next_mode then return nil, problem end
  return row.next_mode == "application"
end

-- The script once, then a look at the modem.
local function run_once(request, root, row)
  local result, problem = run_script(request, root)
  if not result then return nil, problem end
  row.exits[#row.exits + 1] = result.exit
  row.failure, row.late = row.failure or result.failure, result.late
  if result.exit == exit.SCRIPT_ERROR then return nil, result.failure end
  local well
  well, problem = look(request, root, row)
  if well == nil then return nil, problem end
  return true, well and not result.late
end

-- A run that had to be stopped is not run again: it would only take as long once more.
local function run_twice(request, root, row)
  for _, ended in ipairs { "online", "recovered" } do
    local ran, well = run_once(request, root, row)
    if not ran then return nil, well end
    if well then
      row.ended = ended
      return row
    end
    if row.late then break end
  end
  row.ended = "broken"
  return row
end

-- One fault, on a fresh modem.
local function try_fault(request, fault)
  local simulated, problem = modem.start(request, { unpack(fault, 2) })
  if not simulated then return nil, problem end
  local row
  local new = { fault = fault[1], switches = { unpack(fault, 2) }, exits = {} }
  row, problem = run_twice(request, simulated.root, new)
  simulated:stop()
  return row, problem
end

-- An error of the script may show with one fault only.
local function during(fault, problem)
  if problem.code ~= "script.raised" then return problem end
  local seen = problem.evidence and "; " .. problem.evidence or ""
  problem.evidence = ("with the fault %q%s"):format(fault[1], seen)
  return problem
end

-- What the script ends with when it is not wrong, but what it was given is.
local wrong_request = { [exit.USAGE] = true, [exit.BAD_IMAGE] = true, [exit.NO_MODEM] = true }

-- A script that does nothing without a fault breaks nothing with one either: that proves nothing. The failure
-- that ends the trial, if there is no use in going on.
local function tested_nothing(request, row)
  local status, problem = row.exits[1], row.failure
  if row.ended ~= "online" or not problem then return nil end
  if wrong_request[status] or problem.code == "device.unknown_model" then return problem end
  if status == exit.REFUSED then
    request.emit { event = "warning", code = "script.refused",
      message = "the script refuses without any fault: nothing is tested (" .. problem.message .. ")" }
  end
end

--- Tries a script. A run that leaves the modem online on a consistent image (the new one or the old),
-- and not to wait for images after a restart, ended `online`; when only a second run gets there it
-- `recovered`; else it is left `broken`.
-- @tparam table request script, files (its arguments), model (for the simulator), program, time_scale
-- (0.01: a hundred times faster than life), chunk_size (bytes, when options do not say), options (for the
-- script, as for flash.update; those that choose a modem are left out), within_ms (for each run, 180000: one
-- that takes longer leaves the modem broken and is not repeated, the second one ends the trial), faults
-- (trial.faults), report = function(row) called after each fault with { fault, switches of the simulator,
-- ended, exits = { status of each run }, failure = the first, late, and how the modem was at last: mode,
-- power, next_mode (after a restart, if it is well now), running, preferred }, emit = function(event) for
-- warnings
-- @treturn boolean true when nothing is left broken; or nil and a failure: script.left_broken,
-- that of a script that raised, or that was given what it cannot use even without a fault (usage, image,
-- source, device), sys.interrupted, sys.timeout
function trial.run(request)
  local broken, late = {}, 0
  for _, fault in ipairs(request.faults or trial.faults) do
    local row, problem = try_fault(request, fault)
    if not row then return nil, during(fault, problem) end
    request.report(row)
    local pointless = not fault[2] and tested_nothing(request, row)
    if pointless then return nil, pointless end
    if row.ended == "broken" then broken[#broken + 1] = row.fault end
    if row.late then late = late + 1 end
    if late == MOST_LATE then break end
  end
  if #broken == 0 then return true end
  return nil, failure.new("script.left_broken", "the script leaves the modem broken",
    { evidence = table.concat(broken, ", ") })
end

return trial
