-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A modem gets the same bytes, whatever kind of machine or Lua sends them: the same updates by the program of
-- this build and by that of another kind, on modems of this machine that keep all they are given.
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS = 120000

-- What builds the program for the other kind, in words, such as "tests/platform.sh mipsel"
local OTHER = os.getenv "MOONFLASH_OTHER"

local updates = {
  { name = "over QMI", model = "mc7455" },
  { name = "over AT", model = "mc7354", words = { "--route", "impref" },
    images = { family = "SWI9X15C", version = "05.05.58.01", carrier = "VZW", config = "005.029_001" } },
  { name = "over MBIM", model = "em7305", faults = { "composition=9" },
    images = { family = "SWI9X15C", version = "05.05.58.00", carrier = "GENERIC", config = "005.025_002" } },
}

-- The program of the other kind; nil when it cannot be built here, and why.
local function built()
  local argv = { "sh" }
  for word in OTHER:gmatch "%S+" do argv[#argv + 1] = word end
  argv[#argv + 1] = "build"
  local run = support.run(argv, { deadline_ms = 600000 })
  if run.status == 77 then return nil, run.stderr:match "([^\n]*)\n$" end
  assert.equal(0, run.status, run.stderr)
  return run.stdout:match "([^\n]*)\n$" .. "/moonflash"
end

local function modem_of(update)
  local root = support.folder() .. "/root"
  local argv = support.lua('dofile "tests/platforms/modem.lua"', update.model, root, "0.03",
    unpack(update.faults or {}))
  local child = support.start(argv)
  assert.equal(root, child:line())
  return child, root
end

-- The sums of what each port was given, in order: "cdc-wdm0 12ab...\nttyUSB0 ...".
local function sums(root)
  local list = {}
  for _, name in ipairs(sys.list(root .. "/wire")) do
    local path = root .. "/wire/" .. name
    if sys.stat(path).size > 0 then
      list[#list + 1] = name:sub(4) .. " " .. support.run({ "sha256sum", path }).stdout:match "^%x+"
    end
  end
  return table.concat(list, "\n")
end

local function sent(program, update, files)
  local modem, root = modem_of(update)
  local argv = { program, "--root", root, "update" }
  for _, words in ipairs { update.words or {}, files } do
    for _, word in ipairs(words) do argv[#argv + 1] = word end
  end
  local run = support.run(argv, { deadline_ms = PATIENCE_MS })
  assert.equal(0, run.status, run.stdout .. run.stderr)
  modem:kill "INT"
  modem:wait(PATIENCE_MS)
  return sums(root)
end

describe("the bytes of an update", function()
  local program, reason

  setup(function() program, reason = built() end)
  after_each(support.finish)

  for _, update in ipairs(updates) do
    it(update.name .. " are the same everywhere", function()
      if not program then return pending(reason) end
      local folder, options = support.folder(), update.images or {}
      options.size = 1500000
      local files = { packages.write(packages.firmware(options), folder),
                      packages.write(packages.settings(options), folder) }
      local expected = sent(support.program, update, files)
      assert.truthy(expected:find "qdl %x+")
      assert.equal(expected, sent(program, update, files))
    end)
  end
end)
