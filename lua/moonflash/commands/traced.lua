--- Records a command: with the option `trace`, everything that passes between moonflash and the modem is written to a
-- file, which `moonflash replay` and flash.replay take. See moonflash.trace.
-- @module moonflash.commands.traced

local failure = require "moonflash.base.failure"
local results = require "moonflash.commands.result"
local run = require "moonflash.base.run"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local tracing = require "moonflash.trace"

local traced = {}

--- Whether two paths name one file.
-- @tparam string one
-- @tparam string other
-- @treturn boolean
function traced.same_file(one, other)
  local real = sys.real_path(one)
  return one == other or real ~= nil and real == sys.real_path(other)
end

-- The files of a command; a script that --model names is the first.
local function files_of(request, files)
  local model, all = request.options.model or "", { unpack(files) }
  if model:find "/" or model:find "%.lua$" then table.insert(all, 1, model) end
  return all
end

-- A trace must not replace a file that the command reads.
local function check_path(path, files)
  for _, file in ipairs(files) do
    if traced.same_file(path, file) then
      return nil, failure.new("usage", "--trace would replace " .. file, { hint = "choose another file" })
    end
  end
  return true
end

local function open(request, files)
  local free, taken = check_path(request.options.trace, files)
  if not free then return nil, taken end
  return tracing.open(request.options.trace, request.emit)
end

--- Calls a function with a request, and records it if the request's option `trace` is a path.
-- @tparam table request root, options, emit; writes to the trace afterwards
-- @tparam table command name, arguments, files = those of the arguments that name files
-- @tparam function work called with the request; returns a result
-- @treturn table the result
function traced.call(request, command, work)
  if type(request.options.trace) ~= "string" then return work(request) end
  local files, options, emit = files_of(request, command.files), tables.merge(request.options), request.emit
  local trace, problem = open(request, files)
  if not trace then return results.bad(problem) end
  options.trace = nil
  trace:start { name = command.name, options = options, arguments = command.arguments, files = files,
    root = request.root }
  request.options = options
  request.emit = function(event)
    trace:emit(event)
    emit(event)
  end
  local result = run.traced(trace, work, request)
  trace:finish(result)
  return result
end

return traced
