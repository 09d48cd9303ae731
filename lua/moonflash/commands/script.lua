-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Runs a user's script: a model script (a table of steps), a function, or plain Lua.

local failure = require "moonflash.base.failure"
local files = require "moonflash.engine.model_files"
local interrupt = require "moonflash.base.interrupt"
local jobs = require "moonflash.commands.job"
local model = require "moonflash.engine.model"
local results = require "moonflash.commands.result"
local run = require "moonflash.base.run"
local step = require "moonflash.engine.step"
local tables = require "moonflash.base.table"
local update = require "moonflash.commands.update"
local user_code = require "moonflash.engine.user_code"

local script = {}

-- Calls a function that a script returned, with a job: one modem, found and locked. The script has not brought a
-- modem that waits for an image into that state.
local function run_function(request, work)
  local found, problem = jobs.find(request)
  if not found then return results.bad(problem) end
  return update.run(found, { step.action { name = "run " .. request.path, run = function(job)
    job.phase = "untouched"
    local ran, value, detail = user_code.call(work, job, tables.unpack(request.arguments))
    if not ran then return nil, value end
    local refused = user_code.failure(user_code.place(work), value, detail) or job:check_interrupt()
    if refused then return nil, refused end
    return true
  end } })
end

-- Finalizes the jobs that a script opened and did not finalize; after a failure their changes are undone. Returns
-- the failure, or that of a finalizer.
local function close_opened(opened, problem)
  for index = #opened, 1, -1 do
    local job = opened[index]
    if problem then
      job.failure = problem
      job:rollback()
    end
    job:finalize()
    problem = problem or job.cleanup_failure
  end
  return problem
end

-- The result of a script that failed: of the last job that had changed its modem, if there was one. The failure may
-- be about an update that the script ran.
local function failed(opened, problem)
  for index = #opened, 1, -1 do
    if opened[index].phase ~= "untouched" then return results.of(opened[index], problem) end
  end
  problem.phase = problem.phase or run.current().phase
  return opened[1] and results.of(opened[1], problem) or results.bad(problem)
end

-- A table that a file returns is a model or a result: nothing else would be done with it.
local function check_table(path, value)
  if type(value) ~= "table" or value.ok ~= nil or model.is(value) then return nil end
  return failure.new("script.invalid", path .. " returned a table that is neither a model nor a result",
    { hint = "return flash.model { ... }" })
end

local function run_file(request, path, opened)
  local value, detail = files.load(path, tables.unpack(request.arguments))
  local problem, is_result = user_code.failure(path, value, detail), user_code.is_result(value)
  problem = problem or check_table(path, value)
  problem = problem or not is_result and interrupt.pending() or nil
  problem = close_opened(opened, problem)
  if is_result and not (value.ok and problem) then
    value.failure = problem
    return value
  end
  if problem then return failed(opened, problem) end
  if model.is(value) then return update.update(tables.merge(request, { files = request.arguments }), value) end
  if type(value) == "function" then return run_function(request, value) end
  return results.good()
end

--- Runs a script: a file, or the name of a script of /etc/moonflash/scripts or of the bundled ones. Its return value
-- decides how:
-- a model (flash.model { ... }) is run like `update`, with the arguments as files;
-- a function is called with a job and the arguments;
-- a result (of flash.update and its kind) is the result of the script;
-- anything else: the script has done its work while it was loaded (its arguments are its `...`).
-- The request has path and arguments.
function script.run(request)
  local path, missing = files.find(request.path)
  if not path then return results.bad(missing) end
  local opened = {}
  return run.within({ root = request.root, selection = request.selection, options = request.options,
    emit = request.emit, opened = opened }, run_file, request, path, opened)
end

return script
