-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The help, made from the tables of options and commands.

local arguments = require "moonflash.cli.arguments"
local options = require "moonflash.base.options"
local text = require "moonflash.cli.text"

local help = {}

local FIRST_COLUMN = 33
local PROGRAM = "moonflash"

-- `-w, --cdc-wdm PATH`; long names are below each other, with or without a letter.
local function label_of(option)
  local letter = option.letter and ("-%s, "):format(option.letter) or "    "
  return "  " .. letter .. option.long .. (option.value and " " .. option.value or "")
end

-- The options of a group that a command has; those that all commands have are options of the program.
local function option_rows(group, name)
  local rows = {}
  for _, option in ipairs(group) do
    if (option.commands or { [PROGRAM] = true })[name] then
      local names = arguments.names(option)
      rows[#rows + 1] = { label_of(option), option.help }
      rows[#rows + 1] = names and { "", "  " .. table.concat(names, ", ") }
    end
  end
  return rows
end

local function add_block(lines, title, rows)
  if not rows[1] then return end
  lines[#lines + 1] = "\n" .. title .. ":"
  table.insert(rows, 1, { (" "):rep(FIRST_COLUMN) })
  local made = text.columns(rows)
  for index = 2, #made do lines[#lines + 1] = made[index] end
end

local function of_program(commands)
  local lines, rows = {
    "moonflash updates the firmware of Sierra Wireless modems.\n\nUsage: moonflash [options] COMMAND ...",
  }, {}
  for index, command in ipairs(commands) do rows[index] = { "  " .. command.name, command.summary } end
  add_block(lines, "Commands", rows)
  for _, group in ipairs(options.groups) do add_block(lines, group.title, option_rows(group, PROGRAM)) end
  lines[#lines + 1] = "\nOptions are given before or after the command. `moonflash COMMAND --help` shows more."
  return table.concat(lines, "\n")
end

local usage = { ["+"] = " %s...", ["*"] = " [%s...]" }

local function of_command(command)
  local rows, lines = {}, { "Usage: moonflash [options] " .. command.name }
  for index, argument in ipairs(command.arguments) do
    lines[1] = lines[1] .. (usage[argument.count] or " %s"):format(argument[1])
    rows[index] = { "  " .. argument[1], argument[2] }
  end
  lines[2] = ("\n%s: %s"):format(command.name, command.summary)
  add_block(lines, "Arguments", rows)
  for _, group in ipairs(options.groups) do add_block(lines, "Options", option_rows(group, command.name)) end
  lines[#lines + 1] = "\n`moonflash --help` shows the options that all commands have."
  return table.concat(lines, "\n")
end

--- The help of a command, or of the program.
function help.text(commands, command)
  return command and of_command(command) or of_program(commands)
end

return help
