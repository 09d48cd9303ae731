-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Parses the words of the command line into a command, its arguments and its options.

local failure = require "moonflash.base.failure"
local options = require "moonflash.base.options"
local tables = require "moonflash.base.table"

local arguments = {}

-- Options that take one of several names, which layers above the table of options know. These are loaded when
-- the option is given, or when its help is shown. The names of other options are in their type.
local names = {
  route = function() return require("moonflash.procedure.routes").names end,
  skip = function() return require("moonflash.host.preflight").names() end,
}

--- The names that an option takes, an array; nil when it takes other values.
function arguments.names(option)
  if names[option.name] then return names[option.name]() end
  return option.type.names
end

local by_word, long_words = {}, {}
for _, option in pairs(options.by_name) do
  by_word[option.long] = option
  long_words[#long_words + 1] = option.long
  if option.letter then by_word["-" .. option.letter] = option end
end
table.sort(long_words)

-- The words are parsed to their end, so that --json is known even if an earlier word is wrong. The first problem
-- is the one to report.
local function refuse(self, message, hint)
  local command = self.command and self.command.name .. " " or ""
  self.problem = self.problem or failure.new("usage", message,
    { hint = hint or ("see `moonflash %s--help`"):format(command) })
end

local function is_among(list, name)
  for _, item in ipairs(list) do
    if item == name then return true end
  end
end

-- Options -----------------------------------------------------------------------------------------

-- Options of qmi-firmware-update that are commands here.
local commands_elsewhere = { ["-u"] = "update", ["--update"] = "update", ["-U"] = "recover",
  ["--update-download"] = "recover", ["-z"] = "inspect", ["--verify"] = "inspect" }

local function did_you_mean(word, known)
  local meant = require("moonflash.cli.spelling").closest(word, known)
  return meant and ("did you mean %s?"):format(meant)
end

local function hint_for_unknown(word)
  local command = commands_elsewhere[word]
  if command then return ("the command is a word: moonflash %s FILE..."):format(command) end
  return did_you_mean(word, long_words)
end

-- `-dash.cwe` is -d with the value "ash.cwe", and was perhaps meant as a file.
local function hint_of(word, is_joined)
  if #word == 2 and is_joined then return "a file whose name begins with - is given as ./-..., or behind --" end
end

local function set_value(self, word, option, text, is_joined)
  if text == "" then
    return refuse(self, word .. ": the value is empty", ("give a value: %s %s"):format(word, option.value))
  end
  local value, known = option.type.read(text), arguments.names(option)
  if value == nil then
    return refuse(self, ("%s: '%s' is not %s"):format(word, text, option.type.expected), hint_of(word, is_joined))
  elseif known and not is_among(known, value) then
    return refuse(self, ("%s: '%s' is not one of %s"):format(word, text, table.concat(known, ", ")))
  end
  local given = self.given
  if option.repeated then
    given[option.name] = given[option.name] or {}
    table.insert(given[option.name], value)
  else
    given[option.name] = value
  end
end

local function take_value(self, word, option)
  local following = self.words[self.at]
  if not following or following:find "^%-[^%d]" then
    return refuse(self, ("%s needs a value: %s %s"):format(word, word, option.value))
  end
  self.at = self.at + 1
  set_value(self, word, option, following)
end

local function take_option(self, word, joined)
  local option = by_word[word]
  if not option then return refuse(self, "there is no option " .. word, hint_for_unknown(word)) end
  if not option.value then
    if joined then return refuse(self, word .. " takes no value") end
    self.given[option.name] = true
  elseif joined then
    set_value(self, word, option, joined, true)
  else
    take_value(self, word, option)
  end
end

-- `--log FILE`, `--log=FILE`
local function take_long(self, word)
  local name, joined = word:match "^([^=]+)=(.*)$"
  take_option(self, name or word, joined)
end

-- `-v`, `-L FILE`, `-LFILE`, `-vLFILE`
local function take_letters(self, word)
  for at = 2, #word do
    local letter = "-" .. word:sub(at, at)
    local option = by_word[letter]
    if not option or option.value then
      return take_option(self, letter, at < #word and word:sub(at + 1) or nil)
    end
    take_option(self, letter)
  end
end

local function check_combinations(self)
  for name in pairs(self.given) do
    local option = options.by_name[name]
    local other = option.excludes and options.by_name[option.excludes]
    if other and self.given[other.name] then
      refuse(self, ("%s and %s cannot be given together"):format(option.long, other.long))
    end
    if option.commands and self.command and not option.commands[self.command.name] then
      refuse(self, ("%s has no option %s"):format(self.command.name, option.long),
        "it is an option of " .. table.concat(tables.sorted_keys(option.commands), ", "))
    end
  end
end

-- Arguments ---------------------------------------------------------------------------------------

local function names_of(commands)
  local all = {}
  for index, command in ipairs(commands) do all[index] = command.name end
  return all
end

local function list_of(commands)
  return "the commands are " .. table.concat(names_of(commands), ", ") .. "; see `moonflash --help`"
end

local function take_command(self, word)
  for _, command in ipairs(self.commands) do
    if command.name == word then self.command = command end
  end
  if self.command then return end
  refuse(self, "there is no command " .. word, did_you_mean(word, names_of(self.commands)) or list_of(self.commands))
  self.command = { name = word, arguments = {} }
end

local function take_plain(self, word)
  if not self.command then return take_command(self, word) end
  self.plain[#self.plain + 1] = word
  local following = self.command.arguments[#self.plain + 1]
  if following and following.verbatim then self.only_arguments = true end
end

-- Gives each argument of the command its word; the last one may take all that follow.
local function assign_arguments(self)
  local rows = self.command.arguments
  for index, argument in ipairs(rows) do
    local words = { tables.unpack(self.plain, index) }
    if not words[1] and argument.count ~= "*" then
      return refuse(self, ("%s needs %s: %s"):format(self.command.name, argument[1], argument[2]))
    end
    self.arguments[argument.field] = argument.count and words or words[1]
  end
  local further = self.plain[#rows + 1]
  if further and not (rows[1] and rows[#rows].count) then
    refuse(self, ("%s takes no argument '%s'"):format(self.command.name, further))
  end
end

-- -------------------------------------------------------------------------------------------------

-- "-" is standard input, and "-1" is no option: both are plain words.
local function is_option(word)
  return word:find "^%-[^%d]" ~= nil
end

local function take_words(self)
  while self.words[self.at] do
    local word = self.words[self.at]
    self.at = self.at + 1
    if self.only_arguments or not is_option(word) then
      take_plain(self, word)
    elseif word == "--" then
      self.only_arguments = true
    elseif word:find "^%-%-" then
      take_long(self, word)
    else
      take_letters(self, word)
    end
  end
end

--- Parses the words of a command line; `commands` are the rows of moonflash.cli.commands. Returns what was understood
-- (given = values of options by name, arguments by field, command = its row), and a failure `usage` if a word is wrong.
function arguments.parse(words, commands)
  local self = { words = words, commands = commands, at = 1, given = {}, plain = {}, arguments = {} }
  take_words(self)
  check_combinations(self)
  if not (self.given.help or self.given.version) then
    if self.command then assign_arguments(self) else refuse(self, "a command is missing", list_of(self.commands)) end
  end
  return self, self.problem
end

return arguments
