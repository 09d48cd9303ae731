--- Which words of the command line belong to the SCRIPT of `run`: all that follow it. argparse knows
-- `--` for that, so it is put there.
-- @module moonflash.cli.script_words

local options = require "moonflash.base.options"

local script_words = {}

local takes_value = {}
for _, group in ipairs(options) do
  for _, option in ipairs(group) do
    for name in option[1]:gmatch "%S+" do takes_value[name] = option.value ~= nil end
  end
end

-- Whether the word after this option word is its value: `--log`, `-L`, `-vL`, not `--log=x`, `-Lx`.
local function awaits_value(word)
  if word:find "^%-%-" then return takes_value[word] end
  for at = 2, #word do
    if takes_value["-" .. word:sub(at, at)] then return at == #word end
  end
end

-- Where the n-th word that is neither an option nor its value stands; nil from `--` on.
local function position_of_plain(words, n)
  local i = 1
  while words[i] and words[i] ~= "--" do
    if words[i]:find "^%-." then
      if awaits_value(words[i]) then i = i + 1 end
    else
      n = n - 1
      if n == 0 then return i end
    end
    i = i + 1
  end
end

--- Seals off the words of the script, if the command is `run`.
-- @tparam table words the command line
-- @treturn table words, perhaps with a `--` more
function script_words.seal(words)
  local sealed = { unpack(words) }
  local first = position_of_plain(words, 1)
  local second = first and words[first] == "run" and position_of_plain(words, 2)
  if second then table.insert(sealed, second + 1, "--") end
  return sealed
end

return script_words
