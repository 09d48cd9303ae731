-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- The command line as the program calls it: moonflash.cli.command_line. The version alone is printed without loading
-- it, because scripts ask for the version often.

local install = require "moonflash.base.install"

local cli = {}

--- Runs one command line: words without the name of the program. Returns the exit status.
function cli.run(words)
  return require("moonflash.cli.command_line").run(words)
end

--- The same, as the program calls it.
function cli.main(...)
  local is_version = ... == "--version" and select("#", ...) == 1
  if is_version and io.stdout:write("moonflash ", install.version, "\n") and io.stdout:flush() then return 0 end
  return cli.run { ... }
end

return cli
