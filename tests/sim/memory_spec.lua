-- A router has little memory: a modem in download mode gets its images within a limit on
-- all private memory, from wherever they come, whatever their size.
local cjson = require "cjson"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local web = require "tests.web"
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

  local function contents(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read "*a"
    file:close()
    return bytes
  end

  -- Runs until the images are there and the modem was told to restart. What follows needs QMI, whose
  -- libraries are not what is measured.
  local function sends(input, ...)
    local modem = support.simulator("mc7455", { time_scale = 0.01,
      faults = { "start=download", "window=6000" } })
    local argv = { "sh", "-c", limited, support.program, "--root", modem.root, "--json", "recover", ... }
    local run = support.start(argv)
    run.to_send = input or ""
    local event
    repeat event = cjson.decode(run:line(60000))
    until event.event == "result" or event.step == "leave download mode" and event.state == "done"
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
      sends(contents(firmware(size)), "-", folder .. "/" .. NVU)
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
      local packed = folder .. "/pack.zip"
      assert(sys.write_file(packed, zip.bytes { { NVU, contents(folder .. "/" .. NVU), deflated = true },
        { "firmware.cwe", contents(path), deflated = true } }))
      sends(nil, packed)
    end)
  end
end)
