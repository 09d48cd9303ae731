--- The trace of one command, for `--trace`.
-- @module moonflash.cli.recording

local failure = require "moonflash.base.failure"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local tracing = require "moonflash.trace"

local recording = {}

local function words_of(request, argument)
  local words = request[argument.field]
  return type(words) == "table" and words or { words }
end

local function is_file(argument, word)
  return argument.file == true or argument.file == "perhaps" and sys.stat(word) ~= nil
end

-- The arguments of a command, and those of them that name files.
local function all_words(request, command)
  local arguments, files = {}, {}
  for _, argument in ipairs(command.arguments) do
    for _, word in ipairs(words_of(request, argument)) do
      arguments[#arguments + 1] = word
      if is_file(argument, word) then files[#files + 1] = word end
    end
  end
  return arguments, files
end

-- A script that --model names is the first of the files.
local function add_model(files, model)
  if model and (model:find "/" or model:find "%.lua$") then table.insert(files, 1, model) end
end

-- A trace must not replace a file that the command reads or writes.
local function check_path(given, files)
  local real = sys.real_path(given.trace)
  local others = { given.log }
  for _, file in ipairs(files) do others[#others + 1] = file end
  for _, other in ipairs(others) do
    if real and real == sys.real_path(other) or given.trace == other then
      return nil, failure.new("usage", "--trace would replace " .. other, { hint = "choose another file" })
    end
  end
  return true
end

--- Begins the trace, if one is asked for. The request writes to it from then on.
-- @tparam table request
-- @tparam table command row of moonflash.cli.commands
-- @tparam table given options of the command line
-- @treturn ?table the trace, to be finished with the result; nil when none is asked for, or nil and a failure
function recording.begin(request, command, given)
  if not given.trace then return nil end
  if not command.traced then
    return nil, failure.new("usage", command.name .. " talks to no modem: --trace has nothing to write")
  end
  local arguments, files = all_words(request, command)
  add_model(files, request.options.model)
  local free, taken = check_path(given, files)
  if not free then return nil, taken end
  local trace, problem = tracing.open(given.trace, request.emit)
  if not trace then return nil, problem end
  if command.traced ~= true then arguments = command.traced(request) end
  trace:start { name = command.name, options = tables.merge(request.options), arguments = arguments, files = files,
    root = request.root }
  local emit = request.emit
  request.emit = function(event)
    trace:emit(event)
    emit(event)
  end
  request.options.trace = trace
  return trace
end

return recording
