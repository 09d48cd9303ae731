--- The help, made from the tables of options and commands.

local arguments = require "moonflash.cli.arguments"
local options = require "moonflash.base.options"
local text = require "moonflash.cli.text"

local help = {}

local FIRST_COLUMN = 33

-- `-w, --cdc-wdm PATH`; long names are below each other, with or without a letter.
local function label_of(option)
  local letter = option.letter and ("-%s, "):format(option.letter) or "    "
  return "  " .. letter .. option.long .. (option.value and " " .. option.value or "")
end

-- The rows of a group that all commands have, or that only this one has.
local function option_rows(group, command)
  local rows = {}
  for _, option in ipairs(group) do
    local is_meant
    if command then
      is_meant = option.commands and option.commands[command.name]
    else
      is_meant = not option.commands
    end
    if is_meant then
      local names = arguments.names(option)
      rows[#rows + 1] = { label_of(option), option.help }
      rows[#rows + 1] = names and { "", "  " .. table.concat(names, ", ") }
    end
  end
  return rows
end

local function add_block(lines, title, rows)
  if not rows[1] then return end
  lines[#lines + 1] = ""
  lines[#lines + 1] = title .. ":"
  table.insert(rows, 1, { (" "):rep(FIRST_COLUMN) })
  local made = text.columns(rows)
  for index = 2, #made do lines[#lines + 1] = made[index] end
end

local function program(commands)
  local lines, rows = {
    "moonflash updates the firmware of Sierra Wireless modems.", "", "Usage: moonflash [options] COMMAND ...",
  }, {}
  for index, command in ipairs(commands) do rows[index] = { "  " .. command.name, command.summary } end
  add_block(lines, "Commands", rows)
  for _, group in ipairs(options.groups) do add_block(lines, group.title, option_rows(group)) end
  lines[#lines + 1] = "\nOptions are given before or after the command. `moonflash COMMAND --help` shows more."
  return table.concat(lines, "\n")
end

local usage = { ["+"] = "%s...", ["*"] = "[%s...]" }

local function of_command(command)
  local words, rows, lines = { "Usage: moonflash [options]", command.name }, {}, {}
  for index, argument in ipairs(command.arguments) do
    words[#words + 1] = (usage[argument.count] or "%s"):format(argument[1])
    rows[index] = { "  " .. argument[1], argument[2] }
  end
  lines[1], lines[2], lines[3] = table.concat(words, " "), "", command.name .. ": " .. command.summary
  add_block(lines, "Arguments", rows)
  for _, group in ipairs(options.groups) do add_block(lines, "Options", option_rows(group, command)) end
  lines[#lines + 1] = "\n`moonflash --help` shows the options that all commands have."
  return table.concat(lines, "\n")
end

--- The help.
-- @tparam table commands
-- @tparam ?table command the help of this command; nil: of the program
-- @treturn string
function help.text(commands, command)
  return command and of_command(command) or program(commands)
end

return help
