--- Procedures of the library with a trace of all that passes, as the command line has it.
--
--     local result = flash.trace("update.trace", "update", { files = { "new.cwe", "new.nvu" } })
--     local again = flash.replay { trace = "update.trace", files = { "new.cwe", "new.nvu" } }
--
-- @module moonflash.commands.traced

local checks = require "moonflash.base.request_checks"
local commands = require "moonflash.commands"
local results = require "moonflash.commands.result"
local run = require "moonflash.base.run"
local sys = require "moonflash.core.sys"
local trace = require "moonflash.trace"

local recorded = {}

local function existing(words)
  local files = {}
  for _, word in ipairs(words) do
    if sys.stat(word) then files[#files + 1] = word end
  end
  return files
end

local function with_files(request)
  return request.files or {}, request.files or {}
end

local function with_script(request)
  local words = { request.path, unpack(request.arguments or {}) }
  return words, existing(words)
end

-- By the name of the command: the function of the library, and what the command line would have as
-- arguments and as files among them.
local known_commands = {
  update = { commands.update, with_files }, plan = { commands.plan, with_files },
  recover = { commands.recover, with_files }, status = { commands.status, with_files },
  switch = { commands.switch, function(request) return { request.pair }, {} end },
  run = { commands.run, with_script },
}

-- The request with the trace in it; told are the options that matter to a replay.
local function traced(request, writer, emit)
  local whole, options = {}, {}
  for name, value in pairs(request) do whole[name] = value end
  for name, value in pairs(request.options or {}) do options[name] = value end
  options.trace = writer
  whole.options = options
  whole.emit = function(event)
    writer:emit(event)
    emit(event)
  end
  return whole
end

--- Runs a procedure and writes a trace of it, which `moonflash replay` and flash.replay take.
-- @tparam string path of the trace; a file that is there is replaced
-- @tparam string command "update", "plan", "recover", "status", "switch" or "run"
-- @tparam[opt] table request as for flash.update, flash.plan ... flash.run_script
-- @treturn table the result of that
-- @raise when there is no such command, or the request is wrong; no file is written then
function recorded.run(path, command, request)
  local known = known_commands[command] or error("nothing to trace: " .. tostring(command), 2)
  request = request or {}
  checks.request(request, 2)
  local emit = request.emit and run.safe_emit(request.emit) or run.current().emit
  local writer, problem = trace.open(path, emit)
  if not writer then return results.bad(problem) end
  local arguments, files = known[2](request)
  writer:start { name = command, options = request.options or {}, arguments = arguments, files = files,
    root = request.root or run.current().root }
  local result = known[1](traced(request, writer, emit))
  writer:finish(result)
  return result
end

return recorded
