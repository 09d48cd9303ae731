-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A whole update by a program whose memory is checked meanwhile. MOONFLASH_CHECKED is "valgrind" or the path
-- of a program that is built with sanitizers. A finding changes the exit status of the program.
-- MOONFLASH_CHECKED_SIZE is the size of the firmware in bytes.
local cjson = require "cjson"
local packages = require "tests.images.packages"
local support = require "tests.support"

local SIZE = tonumber(os.getenv "MOONFLASH_CHECKED_SIZE" or 1000000)
local DEADLINE_MS = 240000 + SIZE / 50

-- Valgrind is slow: the download window of 29 s must leave it time to get there.
local TIME_SCALE = 0.1

local checked = { os.getenv "MOONFLASH_CHECKED" }
if checked[1] == "valgrind" then checked = { "sh", "tests/checked/valgrind.sh", support.program } end

local function run(status, ...)
  local argv = { unpack(checked) }
  for _, word in ipairs { ... } do argv[#argv + 1] = word end
  local ran = support.run(argv, { deadline_ms = DEADLINE_MS })
  assert(ran.status == status, ("%d\n%s\n%s"):format(ran.status, ran.stdout, ran.stderr))
  return ran.stdout
end

describe("an update whose memory is watched", function()
  after_each(support.finish)

  it("brings the modem to the new firmware, and nothing is wrong with its memory", function()
    local folder = support.folder()
    local firmware = packages.write(packages.firmware { size = SIZE }, folder)
    local settings = packages.write(packages.settings(), folder)
    local modem = support.simulator("mc7455", { time_scale = TIME_SCALE })
    local said = run(0, "--root", modem.root, "--json", "update", firmware, settings)
    local result = cjson.decode(said:match "([^\n]+)\n$")
    assert.same({ firmware = "02.33.03.00", carrier = "GENERIC", config = "002.072_000" }, result.after)
    run(0, "--root", modem.root, "status")
    run(2, "--root", modem.root, "update", firmware, settings)
  end)
end)
