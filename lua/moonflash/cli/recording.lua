--- What `--trace` asks for: the trace of one command.
-- @module moonflash.cli.recording

local recording = {}

local function words_of(argument, given)
  local words = given[argument.target or argument[1]]
  return type(words) == "table" and words or { words }
end

local function is_file(argument, word, sys)
  return argument.file == true or argument.file == "perhaps" and sys.stat(word) ~= nil
end

-- The words behind a command, and those of them that name files.
local function all_words(command, given, sys)
  local arguments, files = {}, {}
  for _, argument in ipairs(command.arguments or {}) do
    for _, word in ipairs(words_of(argument, given)) do
      arguments[#arguments + 1] = word
      if is_file(argument, word, sys) then files[#files + 1] = word end
    end
  end
  return arguments, files
end

-- Which port was meant does not matter when there is one modem only.
local left_out = { cdc_wdm = true, tty = true, trace = true }

local function options_of(options)
  local kept = {}
  for name, value in pairs(options) do
    if not left_out[name] then kept[name] = value end
  end
  return kept
end

--- Begins the trace, if one is asked for: all that the command does from then on is told.
-- @tparam table wanted the request
-- @tparam table command
-- @treturn ?table the trace, to be finished with the result; nil when none is asked for, or nil and a
-- failure
function recording.begin(wanted, command)
  if not wanted.given.trace then return nil end
  local trace, problem = wanted.use.trace.open(wanted.given.trace)
  if not trace then return nil, problem end
  local arguments, files = all_words(command, wanted.given, wanted.use.sys)
  if command.recorded then arguments = command.recorded(wanted.given, wanted.use) end
  trace:start { name = command.name, options = options_of(wanted.options), arguments = arguments,
    files = files, root = wanted.root }
  local emit = wanted.emit
  wanted.emit = function(event)
    trace:emit(event)
    emit(event)
  end
  wanted.options.trace = trace
  return trace
end

return recording
