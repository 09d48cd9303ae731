-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Records a command: with the option `trace`, everything that passes between moonflash and the modem is written to a
-- file, which `moonflash replay` and flash.replay take. See moonflash.trace.

local results = require "moonflash.commands.result"
local run = require "moonflash.base.run"
local tables = require "moonflash.base.table"

local traced = {}

-- The files of a command; a script that --model names is the first.
local function files_of(request, files)
  local model, all = request.options.model or "", tables.merge(files)
  if model:find "/" or model:find "%.lua$" then table.insert(all, 1, model) end
  return all
end

local function finish(trace, ran, result)
  if ran then
    trace:finish(result)
    return result
  end
  trace:close()
  error(result, 0)
end

--- Calls a function with a request, and records it if the request's option `trace` is a path. The command has name,
-- arguments, files = those of the arguments that name files. Returns the result of the function.
function traced.call(request, command, work)
  local path, emit = request.options.trace, request.emit
  if not path then return work(request) end
  local trace, problem = require("moonflash.trace").open(path, emit)
  if not trace then return results.bad(problem) end
  local options = tables.merge(request.options)
  options.trace = nil
  trace:start { name = command.name, options = options, arguments = command.arguments,
    files = files_of(request, command.files), root = request.root }
  return finish(trace, pcall(run.traced, trace, work, tables.merge(request, { options = options, emit = function(event)
    trace:emit(event)
    emit(event)
  end })))
end

return traced
