--- The commands of the library as programs and scripts call them: flash.update, flash.plan, flash.recover,
-- flash.switch, flash.status, flash.run_script. Each takes a plain table, makes a request of it and returns a result.
-- @module moonflash.commands

local interrupt = require "moonflash.base.interrupt"
local recover = require "moonflash.commands.switch"
local request = require "moonflash.commands.request"
local script = require "moonflash.commands.script"
local status = require "moonflash.commands.status"
local update = require "moonflash.commands.update"

local commands = {}

-- A command of a function that takes a request. `needs`: a field that must be given.
local function command(work, needs)
  return function(given)
    local made = request.new(given, 3)
    if needs and type(made[needs]) ~= "string" then error("the request has no " .. needs, 2) end
    return interrupt.catch_during(work, made)
  end
end

--- Brings one modem to the firmware in the files; with the option `all`, every modem that they fit.
-- @function commands.update
-- @tparam table given files, root, selection, options, emit (see lua/README.md)
-- @treturn table { ok, exit, before, after, failure }
commands.update = command(function(made) return update.update(made) end)

--- What update would do; changes nothing.
-- @function commands.plan
-- @tparam table given as for update
-- @treturn table the result, with device, set and steps = { { step, changes, seconds } }
commands.plan = command(update.plan)

--- Brings a modem back from any state: with files, to the firmware in them; without, to a pair that it stores.
-- @function commands.recover
-- @tparam[opt] table given as for update
-- @treturn table the result
commands.recover = command(recover.recover)

--- Uses an image pair that the modem stores.
-- @function commands.switch
-- @tparam table given pair = carrier, build id or version; root, selection, options, emit
-- @treturn table the result; exit status 2 when the modem runs the pair already
commands.switch = command(recover.switch, "pair")

--- The state of one modem.
-- @function commands.status
-- @tparam[opt] table given root, selection, options, emit
-- @treturn table the result, with status (see moonflash.commands.status)
commands.status = command(status.read)

--- Runs a script.
-- @function commands.run
-- @tparam table given path, arguments, root, selection, options, emit
-- @treturn table the result (see moonflash.commands.script)
commands.run = command(script.run, "path")

return commands
