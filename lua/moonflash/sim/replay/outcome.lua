--- What a run came to, as lines that can be compared with those of another run: steps, warnings, the
-- result. What differs from machine to machine is left out: times, numbers of nodes, folders, and who
-- else uses the modem.
-- @module moonflash.sim.replay.outcome

local json = require "moonflash.base.json"

local outcome = {}

local function plain(text)
  return (text:gsub("%d+%.%d s", "N s"):gsub("ttyUSB%d+", "ttyUSB*"):gsub("cdc%-wdm%d+", "cdc-wdm*"))
end

local function of_step(event)
  if event.step:find "^give " then return nil end
  return ("step '%s' %s%s"):format(event.step, event.state, event.message and ": " .. event.message or "")
end

local function of_warning(event)
  if event.code:find "^preflight%." or event.code == "device.busy" then return nil end
  return ("warning %s: %s"):format(event.code, event.message)
end

local function of_result(event)
  local problem = event.failure
  local parts = { "exit " .. ("%.0f"):format(event.exit) }
  if problem then parts[2] = ("%s: %s"):format(problem.code, problem.message) end
  for _, name in ipairs { "before", "after" } do
    if event[name] then parts[#parts + 1] = name .. " " .. json.encode(event[name]) end
  end
  return table.concat(parts, ", ")
end

local makers = { step = of_step, warning = of_warning, result = of_result }

--- The lines of a run.
-- @tparam table events of a trace, or of the command line's --json without nulls
-- @tparam[opt] table words what its texts are cleaned with (moonflash.trace.words)
-- @treturn table array of strings
function outcome.lines(events, words)
  local lines = {}
  for _, event in ipairs(events) do
    local make = makers[event.event]
    local text = make and make(words and words:clean(event) or event)
    lines[#lines + 1] = text and plain(text)
  end
  return lines
end

--- The first line in which two runs differ.
-- @tparam table recorded lines
-- @tparam table came lines
-- @tparam[opt] boolean so_far one of them broke off: what it lacks is no difference
-- @treturn ?number the line; nil when they agree
function outcome.difference(recorded, came, so_far)
  for index = 1, (so_far and math.min or math.max)(#recorded, #came) do
    if recorded[index] ~= came[index] then return index end
  end
end

return outcome
