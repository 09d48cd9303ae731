--- What `--trace` asks for: the trace of one command.
-- @module moonflash.cli.recording

local recording = {}

local function add(list, given)
  for _, word in ipairs(type(given) == "table" and given or { given }) do list[#list + 1] = word end
end

-- The words behind a command, and those of them that name files.
local function words_of(command, given)
  local arguments, files = {}, {}
  for _, argument in ipairs(command.arguments or {}) do
    local words = given[argument.target or argument[1]]
    add(arguments, words)
    if argument.file then add(files, words) end
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
  local arguments, files = words_of(command, wanted.given)
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
