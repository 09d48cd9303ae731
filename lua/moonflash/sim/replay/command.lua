-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The command of a replay: that of the trace, with the given files. A trace comes from somebody else, so only
-- options about the treatment of the recorded modem are taken, and only given files. A trace cannot reach another
-- modem, write a file, or run a script of its choice.

local failure = require "moonflash.base.failure"
local known = require("moonflash.base.options").by_name
local sys = require "moonflash.core.sys"

local command = {}

--- Which arguments of each command are files: all, the first (further ones belong to the script), or none.
command.arguments = {
  update = "all", plan = "all", recover = "all", run = "first",
  status = "none", switch = "none", qmi = "none", at = "none", devices = "none",
}

local NAME = "^%w[%w_-]*$"
local BUNDLED = "^%w[%w_/-]*$" -- an installed script

local function unusable(what, evidence)
  return nil, failure.new("trace.unusable", what, { evidence = evidence })
end

-- The skipped findings, by name.
local function skipped(given)
  local findings = {}
  for finding, skip in pairs(given or {}) do
    if type(finding) == "string" and finding:find "^[%w_.-]+$" then findings[finding] = skip == true end
  end
  return findings
end

local function options_of(start)
  local kept = {}
  for name, option in pairs(known) do
    local value = start.options[name]
    if option.replayed and type(value) == option.type.lua then kept[name] = value end
  end
  kept.skip = skipped(kept.skip)
  return kept
end

-- The arguments with the given files in place of the recorded ones, and how many files were replaced. `used` files
-- were replaced before.
local function words_of(start, files, used)
  local words, first = {}, used
  for index, word in ipairs(start.arguments) do
    if word == start.files[used + 1] then
      used = used + 1
      word = files[used]
    end
    words[index] = word
  end
  return words, used - first
end

-- A file of that name in the current folder would be run instead.
local function is_installed(name)
  return name:find(BUNDLED) ~= nil and not sys.stat(name)
end

local function names_no_other_file(start, used, replaced)
  local which, script = command.arguments[start.command], start.arguments[1] or ""
  if which == "all" then return replaced == #start.arguments end
  return which == "none" or script == start.files[used + 1] or is_installed(script)
end

--- The request for the program: command, arguments, options; or nil and failure usage or trace.unusable. The start is
-- the trace's first event, the files are those of the recorded command, in the same order.
function command.of(start, files)
  if #files ~= #start.files then
    return nil, failure.new("usage", ("this trace was made with %d files, and needs them again"):format(
      #start.files), { evidence = table.concat(start.files, ", ") })
  end
  if not command.arguments[start.command] then return unusable("this command cannot be replayed", start.command) end
  local kept, used = options_of(start), 0
  if kept.model and kept.model == start.files[1] then
    kept.model, used = files[1], 1
  elseif kept.model and not kept.model:find(NAME) then
    return unusable("the trace names a script that was not given", kept.model)
  end
  local words, replaced = words_of(start, files, used)
  if not names_no_other_file(start, used, replaced) then
    return unusable("the trace names a file that was not given", table.concat(start.arguments, " "))
  end
  return { command = start.command, arguments = words, options = kept }
end

return command
