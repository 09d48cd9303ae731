-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The commands of the library as programs and scripts call them: flash.update, flash.plan, flash.recover,
-- flash.switch, flash.status, flash.run_script. Each takes a plain table and returns a result. flash.trace runs one of
-- them and records it.
--
--     local result = flash.trace("update.trace", "update", { files = { "new.cwe", "new.nvu" } })
--     local again = flash.replay { trace = "update.trace", files = { "new.cwe", "new.nvu" } }
--

local interrupt = require "moonflash.base.interrupt"
local requests = require "moonflash.base.request"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"
local traced = require "moonflash.commands.traced"

local commands = {}

local function all_files(request) return request.files, request.files end

-- Whether a word of a script names a file that a replay needs; a port of the modem is no such file.
local function names_file(word)
  local found = sys.stat(sys.real_path(word) or word) -- follows a link
  return found and found.kind ~= "character"
end

local function of_script(request)
  local all, files = { request.path, tables.unpack(request.arguments) }, {}
  for _, word in ipairs(all) do files[#files + 1] = names_file(word) and word or nil end
  return all, files
end

local by_name = {}

-- A command of a function that takes a request. `words` gives the arguments of the command line for a request, and
-- those of them that name files; `needs` is a field that must be given. What a command needs is loaded when it runs.
local function command(name, work, words, needs)
  by_name[name] = function(given, model)
    requests.check(given)
    local request = requests.complete(given)
    if needs and not request[needs] then error("the request has no " .. needs, 2) end
    local arguments, files = words(request)
    return interrupt.catch_during(traced.call, request, { name = name, arguments = arguments, files = files },
      function(completed) return work(completed, model) end)
  end
  return by_name[name]
end

--- Brings one modem to the firmware in the files; with the option `all`, every modem that they fit.
-- @function commands.update
-- @tparam table given files, root, selection, options, emit (see lua/README.md)
-- @tparam[opt] table model to use instead of the one that the modem's ids choose
-- @treturn table { ok, exit, before, after, failure }
commands.update = command("update", function(...) return require("moonflash.commands.update").update(...) end,
  all_files)

--- What update would do; changes nothing.
-- @function commands.plan
-- @tparam table given as for update
-- @treturn table the result, with device, set and steps = { { step, changes, seconds } }
commands.plan = command("plan", function(...) return require("moonflash.commands.update").plan(...) end,
  all_files)

--- Brings a modem back from any state: with files, to the firmware in them; without, to a pair that it stores.
-- @function commands.recover
-- @tparam[opt] table given as for update
commands.recover = command("recover", function(...) return require("moonflash.commands.switch").recover(...) end,
  all_files)

--- Uses an image pair that the modem stores.
-- @function commands.switch
-- @tparam table given pair = carrier, build id or version; root, selection, options, emit
-- @treturn table the result; exit status 2 when the modem runs the pair already
commands.switch = command("switch", function(...) return require("moonflash.commands.switch").switch(...) end,
  function(request) return { request.pair }, {} end, "pair")

--- The state of one modem.
-- @function commands.status
-- @tparam[opt] table given root, selection, options, emit
-- @treturn table the result, with status = { device, running, preferred, stored, power = { mode, causes }, advice }
commands.status = command("status", function(...) return require("moonflash.commands.status").read(...) end,
  all_files)

--- Runs a script: see moonflash.commands.script.
-- @function commands.run
-- @tparam table given path, arguments, root, selection, options, emit
commands.run = command("run", function(...) return require("moonflash.commands.script").run(...) end,
  of_script, "path")

--- Runs a command and records it. The same as its option `trace`.
-- @tparam string path of the trace; an existing trace is replaced
-- @tparam string name "update", "plan", "recover", "status", "switch" or "run"
-- @tparam[opt] table given as for that command
-- @treturn table its result
-- @raise when there is no such command, or the request is wrong; no file is written then
function commands.trace(path, name, given)
  local start = by_name[name] or error("nothing to trace: " .. tostring(name), 2)
  requests.check(given)
  given = tables.merge(given, { options = tables.merge(given and given.options, { trace = path }) })
  return start(given)
end

return commands
