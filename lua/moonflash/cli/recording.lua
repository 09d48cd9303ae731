--- What `--trace` asks for: the trace of one command.
-- @module moonflash.cli.recording

local failure = require "moonflash.base.failure"

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

-- The script that --model names belongs to the files, before all others.
local function add_model(files, model)
  if model and (model:find "/" or model:find "%.lua$") then table.insert(files, 1, model) end
end

-- A trace must not replace what the command reads, or what else is written.
local function check_path(wanted, files)
  local sys, path = wanted.use.sys, wanted.given.trace
  local real = sys.real_path(path)
  for _, other in ipairs { wanted.given.log or "", unpack(files) } do
    if real and real == sys.real_path(other) or path == other then
      return nil, failure.new("usage", "--trace would replace " .. other,
        { hint = "give it a name of its own" })
    end
  end
  return true
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
  local arguments, files = all_words(command, wanted.given, wanted.use.sys)
  add_model(files, wanted.options.model)
  local free, taken = check_path(wanted, files)
  if not free then return nil, taken end
  local trace, problem = wanted.use.trace.open(wanted.given.trace, wanted.emit)
  if not trace then return nil, problem end
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
