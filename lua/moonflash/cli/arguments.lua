--- From the words of the command line to a command and its options. argparse does the parsing;
-- its own printing and exiting is turned into outcomes.
-- @module moonflash.cli.arguments

local argparse = require "argparse"
local failure = require "moonflash.base.failure"
local later = require "moonflash.base.later"
local options = require "moonflash.base.options"
local script_words = require "moonflash.cli.script_words"

local help = later "moonflash.cli.help"

local arguments = {}

local function raise_usage(_, message)
  local what, tip = message:match "^(.-)\n(.*)$"
  error(failure.new("usage", what or message, { hint = tip }), 0)
end

-- A flag that ends the parsing with a text to show.
local function add_text_flag(parser, names, make_text)
  parser:flag(names):action(function() error({ text = make_text() }, 0) end)
end

local function add_option(parser, option)
  if not option.value then return parser:flag(option[1]) end
  local element = parser:option(option[1])
  if option.convert then element:convert(option.convert) end
  if option.choices then element:choices(option.choices) end
  if option.repeated then element:count "*" end
  return element
end

local function add_options(parser, group)
  local elements, by_name = {}, {}
  for i, option in ipairs(group) do
    elements[i] = add_option(parser, option)
    for name in option[1]:gmatch "%S+" do by_name[name] = elements[i] end
  end
  for i, option in ipairs(group) do
    if option.excludes then parser:mutex(elements[i], by_name[option.excludes]) end
  end
end

local function add_command(parser, command)
  local sub = parser:command(command.name):add_help(false)
  for _, argument in ipairs(command.arguments or {}) do
    sub:argument(argument[1]):args(argument.count or 1):target(argument.target or argument[1])
  end
  add_options(sub, command.options or {})
  add_text_flag(sub, "-h --help", function() return help.command(command) end)
end

local function build(commands, version)
  local parser = argparse "moonflash":add_help(false):command_target "command"
  parser.error = raise_usage
  add_text_flag(parser, "-h --help", function() return help.program(commands) end)
  add_text_flag(parser, "--version", function() return "moonflash " .. version end)
  for _, group in ipairs(options) do add_options(parser, group) end
  for _, command in ipairs(commands) do add_command(parser, command) end
  return parser
end

--- Whether JSON is wanted, also from words that do not parse.
-- @tparam table words the command line
-- @treturn boolean
function arguments.wants_json(words)
  for _, word in ipairs(script_words.seal(words)) do
    if word == "--" then return false end
    if word == "--json" then return true end
  end
  return false
end

--- Parses the command line.
-- @tparam table words the command line
-- @tparam table commands the commands there are, in the order of the help
-- @tparam string version
-- @treturn table what was given, by option and argument name, and `command`; or `{ text = ... }`
-- when only help or the version is wanted; or nil and a failure
function arguments.parse(words, commands, version)
  local parser = build(commands, version)
  local ok, given = pcall(parser.parse, parser, script_words.seal(words))
  if ok then return given end
  if failure.is(given) then return nil, given end
  if type(given) == "table" then return given end
  error(given, 0)
end

return arguments
