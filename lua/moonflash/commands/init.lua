--- The commands of the library as programs and scripts call them: flash.update, flash.plan, flash.recover,
-- flash.switch, flash.status, flash.run_script. Each takes a plain table, makes a request of it and returns a result.
-- flash.trace runs one of them and records it.
--
--     local result = flash.trace("update.trace", "update", { files = { "new.cwe", "new.nvu" } })
--     local again = flash.replay { trace = "update.trace", files = { "new.cwe", "new.nvu" } }
--
-- @module moonflash.commands

local interrupt = require "moonflash.base.interrupt"
local recover = require "moonflash.commands.switch"
local request = require "moonflash.commands.request"
local script = require "moonflash.commands.script"
local status = require "moonflash.commands.status"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local traced = require "moonflash.commands.traced"
local update = require "moonflash.commands.update"

local commands = {}

-- The arguments of the command line for a request, and those of them that name files.
local words = {
  switch = function(made) return { made.pair }, {} end,
  run = function(made)
    local all, files = { made.path, unpack(made.arguments) }, {}
    for _, word in ipairs(all) do files[#files + 1] = sys.stat(word) and word or nil end
    return all, files
  end,
}

local function files_only(made) return made.files, made.files end

local by_name = {}

-- A command of a function that takes a request. `needs`: a field that must be given. `level` of an error in the
-- request as for `error`; 1 is the caller.
local function command(name, work, needs)
  local function start(given, level, model)
    local made = request.new(given, level + 2)
    if needs and type(made[needs]) ~= "string" then error("the request has no " .. needs, level + 1) end
    local arguments, files = (words[name] or files_only)(made)
    return interrupt.catch_during(traced.call, made, { name = name, arguments = arguments, files = files },
      function(completed) return work(completed, model) end)
  end
  by_name[name] = start
  return function(given, model) return start(given, 2, model) end
end

--- Brings one modem to the firmware in the files; with the option `all`, every modem that they fit.
-- @function commands.update
-- @tparam table given files, root, selection, options, emit (see lua/README.md)
-- @tparam[opt] table model to use instead of the one that the modem's ids choose
-- @treturn table { ok, exit, before, after, failure }
commands.update = command("update", update.update)

--- What update would do; changes nothing.
-- @function commands.plan
-- @tparam table given as for update
-- @treturn table the result, with device, set and steps = { { step, changes, seconds } }
commands.plan = command("plan", update.plan)

--- Brings a modem back from any state: with files, to the firmware in them; without, to a pair that it stores.
-- @function commands.recover
-- @tparam[opt] table given as for update
-- @treturn table the result
commands.recover = command("recover", recover.recover)

--- Uses an image pair that the modem stores.
-- @function commands.switch
-- @tparam table given pair = carrier, build id or version; root, selection, options, emit
-- @treturn table the result; exit status 2 when the modem runs the pair already
commands.switch = command("switch", recover.switch, "pair")

--- The state of one modem.
-- @function commands.status
-- @tparam[opt] table given root, selection, options, emit
-- @treturn table the result, with status (see moonflash.commands.status)
commands.status = command("status", status.read)

--- Runs a script.
-- @function commands.run
-- @tparam table given path, arguments, root, selection, options, emit
-- @treturn table the result (see moonflash.commands.script)
commands.run = command("run", script.run, "path")

--- Runs a command and records it. The same as its option `trace`.
-- @tparam string path of the trace; an existing file is replaced
-- @tparam string name "update", "plan", "recover", "status", "switch" or "run"
-- @tparam[opt] table given as for that command
-- @treturn table its result
-- @raise when there is no such command, or the request is wrong; no file is written then
function commands.trace(path, name, given)
  local start = by_name[name] or error("nothing to trace: " .. tostring(name), 2)
  if given ~= nil and type(given) ~= "table" then error("a request must be a table", 2) end
  local options = given and given.options
  if options == nil or type(options) == "table" then options = tables.merge(options, { trace = path }) end
  local result = start(tables.merge(given, { options = options }), 2)
  return result
end

return commands
