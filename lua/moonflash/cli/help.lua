--- The help, made from the tables of options and commands.
-- @module moonflash.cli.help

local options = require "moonflash.base.options"
local text = require "moonflash.cli.text"

local help = {}

local ABOUT = "moonflash brings Sierra Wireless modems from one firmware to another."

local ENDING = [[

Options stand before or after the command. `moonflash COMMAND --help` says more about one.]]

local own = {
  title = "Help",
  { "-h --help", "show this help, or that of a command, and exit" },
  { "--version", "show the version and exit" },
}

-- `-w, --cdc-wdm PATH`; options without a letter stand below the others' long names.
local function label_of(option)
  local label = option[1]:gsub(" ", ", ")
  if not label:find "^%-%a" then label = "    " .. label end
  return "  " .. label .. (option.value and " " .. option.value or "")
end

local function option_rows(group)
  local rows = {}
  for i, option in ipairs(group) do rows[i] = { label_of(option), option[2] } end
  return rows
end

-- Adds a titled block of two columns; all blocks share the width of the first column.
local function add_block(lines, title, rows)
  if not rows[1] then return end
  lines[#lines + 1] = ""
  lines[#lines + 1] = title .. ":"
  table.insert(rows, 1, { (" "):rep(33) })
  local made = text.columns(rows)
  for i = 2, #made do lines[#lines + 1] = made[i] end
end

--- The help of the program.
-- @tparam table commands
-- @treturn string
function help.program(commands)
  local lines, rows = { ABOUT, "", "Usage: moonflash [options] COMMAND ..." }, {}
  for i, command in ipairs(commands) do rows[i] = { "  " .. command.name, command.summary } end
  add_block(lines, "Commands", rows)
  for _, group in ipairs(options) do add_block(lines, group.title, option_rows(group)) end
  add_block(lines, own.title, option_rows(own))
  lines[#lines + 1] = ENDING
  return table.concat(lines, "\n")
end

--- The help of one command.
-- @tparam table command
-- @treturn string
function help.command(command)
  local usage = ("Usage: moonflash [options] %s %s"):format(command.name, command.usage):gsub("%s+$", "")
  local lines, rows = { usage, "", command.name .. ": " .. command.summary }, {}
  for i, argument in ipairs(command.arguments or {}) do rows[i] = { "  " .. argument[1], argument[2] } end
  add_block(lines, "Arguments", rows)
  add_block(lines, "Options", option_rows(command.options or {}))
  lines[#lines + 1] = "\n`moonflash --help` shows the options that all commands know."
  return table.concat(lines, "\n")
end

return help
