-- Runs busted on the files given, without its command line wrapper's choice of Lua.
require "busted.runner" { standalone = false }
