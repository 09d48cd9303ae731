--- The command line: parses, runs one command, says how it went. Its result is the exit status.
-- @module moonflash.cli

local arguments = require "moonflash.cli.arguments"
local exit = require "moonflash.commands.result"
local failure = require "moonflash.base.failure"
local outcome = require "moonflash.commands.outcome"
local output = require "moonflash.cli.output"
local recording = require "moonflash.cli.recording"
local request = require "moonflash.cli.request"
local services = require "moonflash.cli.services"

local cli = {}

-- In the order of the help.
local commands = {
  require "moonflash.cli.commands.devices",
  require "moonflash.cli.commands.status",
  require "moonflash.cli.commands.inspect",
  require "moonflash.cli.commands.plan",
  require "moonflash.cli.commands.update",
  require "moonflash.cli.commands.recover",
  require "moonflash.cli.commands.switch",
  require "moonflash.cli.commands.run",
  require "moonflash.cli.commands.qmi",
  require "moonflash.cli.commands.at",
  require "moonflash.cli.commands.simulate",
  require "moonflash.cli.commands.replay",
  require "moonflash.cli.commands.test_script",
}

local function find(name)
  for _, command in ipairs(commands) do
    if command.name == name then return command end
  end
end

-- A bug, not the world: told in one sentence, the trace goes into the log. A failure that was raised is
-- the world.
local function internal_error(value)
  if failure.is(value) then return { failure = value, trace = debug.traceback(tostring(value), 2) } end
  local message = tostring(value):match "^[^\n]*"
  return {
    failure = failure.new("internal", "internal error: " .. message),
    trace = debug.traceback(tostring(value), 2),
  }
end

local function lack_of(command, use)
  if not command.needs or use[command.needs] then return nil end
  return failure.new("simulator.unavailable", command.name .. " needs the simulator, which is not installed")
end

-- Runs the command; session.out becomes the output that the command line asks for.
local function perform(session)
  local words, use = session.words, session.use
  local given, problem = arguments.parse(words, commands, use.version)
  if not given then return outcome.bad(problem) end
  if given.text then
    session.out:say(given.text)
    return outcome.good()
  end
  local out, wanted
  out, problem = output.open(given, use)
  if not out then return outcome.bad(problem) end
  session.out = out
  out:record("moonflash " .. use.version .. ": " .. table.concat(words, " "))
  wanted, problem = request.new(given, out, use)
  if not wanted then return outcome.bad(problem) end
  use.sys.catch_signals()
  local command = find(given.command)
  problem = lack_of(command, use)
  if problem then return outcome.bad(problem) end
  session.trace, problem = recording.begin(wanted, command)
  if problem then return outcome.bad(problem) end
  return command.run(wanted)
end

--- Runs one command line.
-- @tparam table words without the program's name
-- @tparam[opt] table given stand-ins for what moonflash.cli.services has, for tests
-- @treturn number exit status
function cli.run(words, given)
  local use = services.new(given)
  local session = { words = words, use = use, out = output.open({ json = arguments.wants_json(words) }, use) }
  local ok, result = xpcall(function() return perform(session) end, internal_error)
  if not ok then
    session.out:record(result.trace)
    result = outcome.bad(result.failure, result.failure.code == "internal" and exit.SCRIPT_ERROR or nil)
  end
  if session.trace then session.trace:finish(result) end
  session.out:finish(result)
  return result.exit
end

--- What the program calls.
-- @tparam string ... the words of the command line
-- @treturn number exit status
function cli.main(...)
  return cli.run { ... }
end

return cli
