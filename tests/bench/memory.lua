-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The most memory a recovery needs until the modem has its images, above what the bare interpreter
-- takes: from files, a pipe, a web server and an archive behind one. QMI comes after that, and its
-- libraries are not what is measured.
--
--     lua5.1 tests/bench/memory.lua [BYTES]      (in the environment of the tests; 64000000)

local cjson = require "cjson"
local packages = require "tests.images.packages"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local web = require "tests.fakes.web"
local zip = require "tests.images.zip"

local size = tonumber(arg[1] or 64000000)

local function peak_of(child)
  return tonumber(sys.read_file("/proc/" .. child.pid .. "/status"):match "VmHWM:%s*(%d+)")
end

local function of_interpreter()
  local child = support.start(support.lua "io.stdout:setvbuf 'no' print 'ready' io.read()")
  child:line()
  local peak = peak_of(child)
  child:stop()
  return peak
end

local function of_recovery(input, ...)
  local run, modem, event = stage.send_images({ support.program }, input, ...)
  if event.event == "result" then error("no recovery: " .. cjson.encode(event), 0) end
  local peak = peak_of(run)
  run:stop()
  modem:stop()
  return peak
end

local function run()
  local folder, bare = support.folder(), of_interpreter()
  local settings = packages.write(packages.settings(), folder)
  local firmware = packages.write(packages.firmware { size = size }, folder)
  local packed = folder .. "/pack.zip"
  assert(sys.write_file(packed, zip.bytes { { "settings.nvu", support.contents(settings), deflated = true },
    { "firmware.cwe", support.contents(firmware), deflated = true } }))
  local server = web.start(folder)
  local function tell(what, peak)
    print(("%-32s %5d KiB, %4.1f MiB above the interpreter"):format(what, peak, (peak - bare) / 1024))
  end
  tell("lua5.1", bare)
  tell("recover FILE", of_recovery(nil, firmware, settings))
  tell("recover - (a pipe)", of_recovery(support.contents(firmware), "-", settings))
  tell("recover http://.../FILE", of_recovery(nil, server:url(firmware:match "[^/]*$"), settings))
  tell("recover http://.../FILE.zip", of_recovery(nil, server:url "pack.zip"))
end

local ok, problem = pcall(run)
support.finish()
if not ok then error(problem, 0) end
