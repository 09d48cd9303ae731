-- Runs busted on the file given, without its command line wrapper's choice of Lua; under an emulator
-- without what cannot be tested there.
if os.getenv "MOONFLASH_EMULATED" then
  local limits = require "tests.foreign.limits"
  for _, words in ipairs(limits.of(arg[1])) do
    table.insert(arg, "--filter-out=" .. words:gsub("%p", "%%%0"))
  end
end
require "busted.runner" { standalone = false }
