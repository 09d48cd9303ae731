-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Tests a script on simulated modems, one with each fault, and reports in which state it leaves them. The script, the
-- modem and the commands that read its state are processes of their own.

local child = require "moonflash.commands.child"
local failure = require "moonflash.base.failure"
local process = require "moonflash.base.process"
local results = require "moonflash.commands.result"
local script_faults = require "moonflash.sim.script_faults"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local versions = require "moonflash.procedure.versions"

local script_test = {}

local READY_MS, RUN_MS, STATUS_MS, STOP_MS, END_MS = 20000, 180000, 30000, 10000, 5000
local SETTLE_MS, LOOK_MS = 5000, 100
local MOST_LATE = 2 -- runs that do not end: then the test ends
local PATIENCE = 5 -- the script's deadlines are so many times as long as the simulated modem's time scale requires

-- Functions that find the end of the test raise its failure: script_test.run catches it.

-- Starts a simulated modem in a new folder.
local function start_modem(request, faults, root)
  local words = { request.program, "simulate", request.model, "--dir", root,
    "--time-scale", tostring(request.time_scale) }
  for _, fault in ipairs(faults) do
    words[#words + 1] = "--fault"
    words[#words + 1] = fault
  end
  return failure.try(process.start(words))
end

-- The first line of its output says that the modem is ready.
local function await_modem(modem)
  local said, problem = modem:read(READY_MS)
  if said then return end
  if problem.code ~= "sys.closed" then error(problem, 0) end
  error(failure.new("usage", "the simulator ended at once", { evidence = table.concat(modem.argv, " ") }), 0)
end

-- Ends a job that takes too long. Returns its result.
local function stop(job)
  sys.clear_interrupt()
  job:cancel()
  job:cancel() -- during a transfer the first signal only causes a warning
  local result = job:wait(STOP_MS)
  if not result then sys.kill(-job.pid, "KILL") end
  return result or { ok = false, exit = results.INTERRUPTED }
end

-- The answer of a command, among its events.
local function answer_in(events)
  for _, event in ipairs(events or {}) do
    if not event.event then return event end
  end
end

-- Runs a command on a modem to its end. Returns its result (late: it was stopped), and its answer.
local function run(request, root, command, arguments, options, ms)
  local job = failure.try(child.start { program = request.program, command = command, root = root,
    arguments = arguments, options = options })
  local result, problem = job:wait(ms)
  if not result then
    result = stop(job)
    if problem.code ~= "sys.timeout" then error(problem, 0) end
    result.late = true
    result.failure = failure.new("sys.timeout", ("it did not end within %.0f s"):format(ms / 1000))
  end
  local answer = answer_in(job:read())
  job:close()
  return result, answer
end

-- Options of this program itself: the choice of a modem, and its trace.
local not_for_the_script = { model = true, trace = true }

local function options_for_script(request)
  local options = { chunk_size = request.chunk_size }
  for name, value in pairs(request.options or {}) do
    if not not_for_the_script[name] then options[name] = value end
  end
  options.timeout_scale = (options.timeout_scale or 1) * request.time_scale * PATIENCE
  return options
end

-- Waits for application mode, since the modem may be restarting.
local function state_of(request, root)
  local state
  failure.try(process.poll_until(sys.clock_ms() + SETTLE_MS, LOOK_MS, function()
    local result, answer = run(request, root, "status", {}, {}, STATUS_MS)
    state = answer or {}
    return result.ok and state.mode == "application", nil, true
  end))
  return state
end

-- Whether the modem is online and runs what it prefers.
local function is_well(state)
  return state.mode == "application" and (state.power or {}).mode == "online"
    and (not state.preferred or versions.agree(state.preferred, state.running))
end

-- The mode after the next restart. A modem without a boot download mode refuses the question.
local function next_mode(request, root)
  local result, answer = run(request, root, "qmi", { "dms", "get_boot_image_download_mode" }, {}, STATUS_MS)
  local waits = result.ok and answer.fields.mode == "boot_and_recovery"
  return waits and "download" or "application"
end

-- Whether the modem is well, also after a restart. Fills in the row.
local function examine(request, root, row)
  local state = state_of(request, root)
  row.running, row.preferred = state.running, state.preferred
  row.mode, row.power, row.next_mode = state.mode, (state.power or {}).mode, nil
  if is_well(state) then row.next_mode = next_mode(request, root) end
  return row.next_mode == "application"
end

-- Runs the script once. Returns whether it leaves the modem well.
local function run_once(request, root, row)
  local result = run(request, root, "run", { request.script, tables.unpack(request.files) },
    options_for_script(request), request.within_ms or RUN_MS)
  row.exits[#row.exits + 1] = result.exit
  row.failure, row.late = row.failure or result.failure, result.late
  if result.exit == results.SCRIPT_ERROR then error(result.failure, 0) end
  return examine(request, root, row) and not result.late
end

-- A script that was stopped is not run again: it would take as long once more.
local function run_twice(request, root, row)
  for _, ended in ipairs { "online", "recovered" } do
    if run_once(request, root, row) then return ended end
    if row.late then break end
  end
  return "broken"
end

-- Adds the fault to the evidence of a script error, which may occur with one fault only.
local function during(fault, problem)
  if failure.is(problem) and problem.code == "script.raised" then
    local seen = problem.evidence and "; " .. problem.evidence or ""
    problem.evidence = ("with the fault %q%s"):format(fault[1], seen)
  end
  return problem
end

-- Tests one fault on a new modem.
local function try_fault(request, fault)
  local row = { fault = fault[1], switches = { tables.unpack(fault, 2) }, exits = {} }
  local folder, modem = failure.try(sys.temporary_folder()), nil
  local tested, problem = pcall(function()
    modem = start_modem(request, row.switches, folder .. "/root")
    await_modem(modem)
    row.ended = run_twice(request, folder .. "/root", row)
  end)
  if modem then modem:stop(END_MS) end
  sys.remove_tree(folder)
  if not tested then error(during(fault, problem), 0) end
  return row
end

-- Exit statuses of a script that got wrong files or options.
local wrong_request = { [results.USAGE] = true, [results.BAD_IMAGE] = true, [results.NO_MODEM] = true }

-- A script that refuses to do anything breaks nothing, so the test would prove nothing.
local function check_tested(request, row)
  local status, problem = row.exits[1], row.failure
  if row.ended ~= "online" or not problem then return end
  if wrong_request[status] or problem.code == "device.unknown_model" then error(problem, 0) end
  if status == results.REFUSED then
    request.emit { event = "warning", code = "script.refused",
      message = "the script refuses without any fault: nothing is tested (" .. problem.message .. ")" }
  end
end

-- Tests all faults. Returns the names of those that leave the modem broken.
local function test_all(request)
  local broken, late = {}, 0
  for _, fault in ipairs(request.faults or script_faults.of(request.model)) do
    local row = try_fault(request, fault)
    request.report(row)
    if not fault[2] then check_tested(request, row) end
    if row.ended == "broken" then broken[#broken + 1] = row.fault end
    if row.late then late = late + 1 end
    if late == MOST_LATE then break end
  end
  return broken
end

--- Tests a script. A fault has `ended` "online" when the first run leaves the modem well: online, on the new or the old
-- images, in application mode also after a restart. It has ended "recovered" when the second run does, else "broken".
-- @tparam table request script; files (its arguments); model (of the simulator); program; time_scale (0.01: a hundred
-- times as fast as a real modem); chunk_size (bytes, unless it is among the options); options (for the script, as for
-- flash.update, without those that choose a modem); within_ms for each run (180000; a modem whose run takes longer is
-- broken, and after the second such run the test ends); faults (those of script_faults); report = function(row), called
-- after each fault with { fault, switches of the simulator, ended, exits = { status of each run }, failure = the first,
-- late, and the last state of the modem: mode, power, next_mode (after a restart, if it is well), running, preferred };
-- emit = function(event) for warnings
-- @treturn boolean true when no modem is broken; or nil and a failure: script.left_broken, that of a script that raised
-- or got wrong files or options (usage, image, source, device), sys.interrupted, sys.timeout
function script_test.run(request)
  local tested, found = pcall(test_all, request)
  if not tested and not failure.is(found) then error(found, 0) end
  if not tested then return nil, found end
  if #found == 0 then return true end
  return nil, failure.new("script.left_broken", "the script leaves the modem broken",
    { evidence = table.concat(found, ", ") })
end

return script_test
