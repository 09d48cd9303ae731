-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The command line: parses the words, makes a request of them, runs one command, prints how it ended. The result is
-- the exit status.

local arguments = require "moonflash.cli.arguments"
local commands = require "moonflash.cli.commands"
local failure = require "moonflash.base.failure"
local install = require "moonflash.base.install"
local output = require "moonflash.cli.output"
local requests = require "moonflash.base.request"
local results = require "moonflash.commands.result"
local sys = require "moonflash.core.sys"
local tables = require "moonflash.base.table"

local command_line = {}

local function say_version(out)
  out:object("version", { version = install.version })
  out:say("moonflash " .. install.version)
  return results.good()
end

local function root_of(given, command)
  local root = given.root or command.traced and os.getenv "MOONFLASH_ROOT" or "" -- else no modem is looked for
  if root == "" then return "/" end
  local stat = sys.stat(sys.real_path(root) or root) -- follows a link
  if stat and stat.kind == "folder" then return root end
  return nil, failure.new("usage", "the root is not a folder", {
    evidence = root, hint = "give a folder with sys and dev in it to --root or MOONFLASH_ROOT",
  })
end

-- Root, selection, options and emit, as for flash.update, and the arguments of the command by name.
local function request_of(parsed, emit)
  local root, problem = root_of(parsed.given, parsed.command)
  if not root then return nil, problem end
  if parsed.given.trace and not parsed.command.traced then
    return nil, failure.new("usage", parsed.command.name .. " uses no modem: --trace has nothing to write",
      { hint = "leave out --trace" })
  end
  return tables.merge(parsed.arguments, requests.of_values(parsed.given), { root = root, emit = emit })
end

-- Runs a command. A command of the library records itself; for others, `traced` returns the arguments to record.
local function run(command, request, out, given)
  local function work(traced_request) return command.run(traced_request, out, given) end
  if type(command.traced) ~= "function" then return work(request) end
  local traced = require "moonflash.commands.traced"
  return traced.call(request, { name = command.name, arguments = command.traced(request), files = {} }, work)
end

local function perform(parsed, out)
  if parsed.given.version then return say_version(out) end
  if parsed.given.help then
    out:say(require("moonflash.cli.help").text(commands, parsed.command))
    return results.good()
  end
  local request, problem = request_of(parsed, function(event) out:emit(event) end)
  if not request then return results.bad(problem) end
  sys.catch_signals()
  return run(parsed.command, request, out, parsed.given)
end

-- The result of a run that raised: a failure, or a bug of moonflash. A bug is one sentence; its traceback goes
-- into the log.
local function result_of_error(out, value)
  out:record(debug.traceback(tostring(value), 3))
  if failure.is(value) then return results.bad(value) end
  local message = tostring(value):match "^[^\n]*"
  return results.bad(failure.new("internal", "internal error: " .. message))
end

--- Runs one command line: words without the name of the program. Returns the exit status.
function command_line.run(words)
  local parsed, problem = arguments.parse(words, commands)
  local out, no_log = output.open(parsed.given)
  out:record(os.date "%Y-%m-%d %H:%M:%S %z" .. " moonflash " .. install.version .. ": " .. table.concat(words, " "))
  local _, result = xpcall(function()
    if problem or no_log then return results.bad(problem or no_log) end
    return perform(parsed, out)
  end, function(value) return result_of_error(out, value) end)
  return out:finish(result)
end

return command_line
