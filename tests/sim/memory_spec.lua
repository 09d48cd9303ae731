-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A router has little memory: a modem in download mode gets its images within a limit on
-- all private memory, from wherever they come, whatever their size.
local packages = require "tests.images.packages"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local web = require "tests.fakes.web"
local zip = require "tests.images.zip"

local SMALL, LARGE = 2500000, 24000000
local LIMIT_KB = 16384 -- of RLIMIT_DATA
local NVU = packages.settings().name

-- Sets the limit, then becomes the program; the shell that does it is the test's, not the program's.
local limited = ('ulimit -d %d && exec "$0" "$@"'):format(LIMIT_KB)

describe("recovering within 16 MiB", function()
  local folder

  before_each(function() folder = support.folder() end)
  after_each(support.finish)

  local function firmware(size)
    packages.write(packages.settings(), folder)
    return packages.write(packages.firmware { size = size }, folder)
  end

  local function sends(input, ...)
    local run, modem, event = stage.send_images({ "sh", "-c", limited, support.program }, input, ...)
    assert.equal("step", event.event, run.stderr)
    assert.equal(2, #sys.list(modem.root .. "/received"))
    run:stop()
    modem:stop()
  end

  for _, size in ipairs { SMALL, LARGE } do
    it(("takes %d bytes from a file"):format(size), function()
      sends(nil, firmware(size), folder .. "/" .. NVU)
    end)

    it(("takes %d bytes from a pipe"):format(size), function()
      sends(support.contents(firmware(size)), "-", folder .. "/" .. NVU)
    end)

    it(("takes %d bytes from a web server"):format(size), function()
      local name = firmware(size):match "[^/]*$"
      local server = web.start(folder)
      sends(nil, server:url(name), server:url(NVU))
    end)
  end

  if pcall(require, "moonflash.core.archive") then
    it("takes an archive", function()
      local path = firmware(LARGE)
      local packed, settings = folder .. "/pack.zip", support.contents(folder .. "/" .. NVU)
      assert(sys.write_file(packed, zip.bytes { { NVU, settings, deflated = true },
        { "firmware.cwe", support.contents(path), deflated = true } }))
      sends(nil, packed)
    end)
  end
end)
