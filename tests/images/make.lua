-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Test images from the command line; prints the paths written.
--   lua5.1 tests/images/make.lua OUTDIR [--size BYTES] [--family SWI9X30C] [--version 02.33.03.00]
--       [--carrier GENERIC] [--config 002.072_000] [--sku 9999999] [--seed N] [--spk]
-- A pair for a 9x50: --family SWI9X50C --version 01.14.13.00 --config 002.048_000
-- --size is that of the firmware; --spk writes the two in one as well. OUTDIR must exist.
-- The modules of the program are found in build/ unless LUA_PATH and LUA_CPATH say otherwise.

local root = arg[0]:match "^(.*)tests/images/make%.lua$" or "./"
package.path = package.path .. (";%s?.lua;%slua/?.lua"):format(root, root)
if not pcall(require, "moonflash.core.bytes") then
  package.cpath = package.cpath .. (";%sbuild/lua/?.so"):format(root)
end

local packages = require "tests.images.packages"

local as_is = tostring
local convert = { size = tonumber, seed = tonumber, family = as_is, version = as_is, carrier = as_is,
  config = as_is, sku = as_is }

local function usage(problem)
  io.stderr:write("make.lua: ", problem, "\n")
  os.exit(1)
end

local function parse(arguments)
  local options, at = {}, 1
  while arguments[at] do
    local name = arguments[at]:match "^%-%-(.+)"
    if name == "spk" then
      options.spk = true
    elseif not name then
      options.folder = arguments[at]
    else
      at = at + 1
      options[name] = convert[name] and arguments[at] and convert[name](arguments[at])
        or usage("unknown option or bad value: --" .. name)
    end
    at = at + 1
  end
  return options
end

local options = parse(arg)
if not options.folder then usage "no folder given" end
local kinds = { "firmware", "settings", options.spk and "package" }
for _, kind in ipairs(kinds) do
  print(packages.write(packages[kind](options), options.folder))
end
