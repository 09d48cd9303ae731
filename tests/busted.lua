-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Runs busted on the file given, without its command line wrapper's choice of Lua; on other machines and
-- Luas without what cannot be tested there. Lua 5.4 has what specs use of Lua 5.1 under another name.
if not unpack then rawset(_G, "unpack", rawget(table, "unpack")) end
if not loadstring then rawset(_G, "loadstring", load) end
if os.getenv "MOONFLASH_TESTED_ON" then
  local limits = require "tests.platforms.limits"
  for _, words in ipairs(limits.of(os.getenv "MOONFLASH_TESTED_ON", arg[1])) do
    table.insert(arg, "--filter-out=" .. words:gsub("%p", "%%%0"))
  end
end
if os.getenv "MOONFLASH_SKIPPED" then table.insert(arg, "--helper=tests/pending.lua") end
require "busted.runner" { standalone = false }
