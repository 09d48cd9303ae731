-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The commands, in one table; the order is that of the help. A command is a row:
--
--     name        as typed
--     summary     for the help
--     arguments   rows { the word in the help, the help, field = of the request, count = "+" or "*" for a list,
--                 verbatim = true when no option follows }
--     run         function(request, out, given) returns the result: request = root, selection, options and emit as
--                 for flash.update, and the arguments by field; out = moonflash.cli.output; given = the options of
--                 the command line by name
--     traced      true: a command of the library, which records itself for --trace; or for others that talk to a
--                 modem a function(request) that returns the arguments to record
--
-- The options are in moonflash.base.options. What a command needs is loaded when it runs: `moonflash --version` and a
-- wrong word take no more than this table.

local failure = require "moonflash.base.failure"
local flash = require "moonflash"
local results = require "moonflash.commands.result"
local sys = require "moonflash.core.sys"

local function ask(name)
  return function(...) return require("moonflash.cli.ask")[name](...) end
end

local function inspect(...)
  return require("moonflash.cli.inspect").run(...)
end

local function show(name, ...)
  require("moonflash.cli.show")[name](...)
end

-- Runs a function of the library that takes a request and returns a result; `shown` names the function of
-- moonflash.cli.show that prints the result.
local function call(name, shown)
  return function(request, out)
    local result = flash[name](request)
    if shown then show(shown, out, result) end
    return result
  end
end

local function plan(request, out)
  out:hide_steps()
  return call("plan", "plan")(request, out)
end

local function devices(request, out)
  local found = flash.devices { root = request.root, options = request.options, emit = request.emit }
  show("devices", out, found, not found[1] and require("moonflash.commands.job").obstacle(request.root))
  return results.good()
end

local WATCH_MS = 2000

-- With --watch a command runs every 2 s, until Ctrl-C.
local function watched(run)
  return function(request, out, given)
    local result = run(request, out, given)
    if not given.watch then return result end
    repeat
      if result.failure then out:say(tostring(result.failure)) end
      local again = sys.sleep_ms(WATCH_MS)
      if again then
        out:clear_screen()
        result = run(request, out, given)
      end
    until not again
    return results.good()
  end
end

-- The simulator may be a package of its own that is not installed.
local function of_simulator(name)
  return function(...)
    local found, simulator = pcall(require, "moonflash.cli.simulator")
    if found then return simulator[name](...) end
    if not tostring(simulator):find "module 'moonflash%.%l+[^']*' not found" then error(simulator, 0) end
    return results.bad(failure.new("simulator.unavailable", "the simulator is not installed"))
  end
end

local function files(count, help)
  return { "FILE", help, field = "files", count = count }
end

return {
  { name = "devices", summary = "modems present: place, model, mode, ports, what is missing",
    arguments = {}, run = watched(devices), traced = function() return {} end },

  { name = "status", summary = "one modem: what it runs, prefers and stores, its state and what to do",
    arguments = {}, run = watched(call("status", "status")), traced = true },

  { name = "inspect", summary = "the records of each image, every checksum, whether they fit together",
    arguments = { files("+", "image files") }, run = inspect },

  { name = "plan", summary = "what update would do; changes nothing",
    arguments = { files("+", "firmware and settings in any order") },
    run = plan, traced = true },

  { name = "update", summary = "bring the modem to the firmware in FILE...",
    arguments = { files("+", "firmware and settings in any order; - is standard input") },
    run = call "update", traced = true },

  { name = "recover", summary = "from any state back to a working modem",
    arguments = { files("*", "firmware and settings to send; without, images that the modem stores are used") },
    run = call "recover", traced = true },

  { name = "switch", summary = "use images that the modem already stores",
    arguments = {
      { "BUILD|CARRIER", "GENERIC, 02.33.03.00, 02.33.03.00_GENERIC, or all of 02.33.03.00_GENERIC_002.072_000",
        field = "pair" },
    },
    run = call "switch", traced = true },

  { name = "run", summary = "run a script of your own",
    arguments = {
      { "SCRIPT", "a Lua file, or the name of a script that comes with moonflash", field = "path" },
      { "ARG", "everything after SCRIPT belongs to it", field = "arguments", count = "*", verbatim = true },
    },
    run = call "run_script", traced = true },

  { name = "qmi", summary = "one request by name or number, like `qmi dms 0x0023`",
    arguments = {
      { "SERVICE", "dms, or the number of any service", field = "service" },
      { "MESSAGE", "a name that moonflash knows (get_revision), or any number", field = "message" },
      { "TLV", "0xTT begins a TLV, the hex digits after it are its bytes", field = "tlvs", count = "*" },
    },
    run = ask "qmi", traced = ask "qmi_arguments" },

  { name = "at", summary = "AT commands on the modem's AT port, like `at ATI`",
    arguments = {
      { "COMMAND", "an AT command, quoted for the shell: 'AT!IMPREF?'", field = "commands", count = "+" },
    },
    run = ask "at", traced = function(request) return request.commands end },

  { name = "simulate", summary = "simulated modems until interrupted; prints their root when ready",
    arguments = {
      { "MODEL", "the model of each, like mc7455; `list`: show the models and faults", field = "models",
        count = "+" },
    },
    run = of_simulator "simulate" },

  { name = "replay", summary = "run a recorded session again, without its modem",
    arguments = {
      { "TRACE", "a file that --trace wrote", field = "path" },
      { "FILE", "the files the session was run with, in their order", field = "files", count = "*" },
    },
    run = of_simulator "replay" },

  { name = "test-script", summary = "a script against the simulator and its faults",
    arguments = {
      { "SCRIPT", "a Lua file, or the name of a script; one that is no model's needs --model", field = "path" },
      { "FILE", "what the script is given; without, small images are made", field = "files", count = "*" },
    },
    run = of_simulator "test_script" },
}
