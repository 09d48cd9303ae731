-- The most memory a recovery needs until the modem has its images, above what the bare interpreter
-- takes: from files, a pipe, a web server and an archive behind one. QMI comes after that, and its
-- libraries are not what is measured.
--
--     lua5.1 tests/bench/memory.lua [BYTES]      (in the environment of the tests; 64000000)

local cjson = require "cjson"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"
local web = require "tests.web"
local zip = require "tests.images.zip"

local size = tonumber(arg[1] or 64000000)
local PATIENCE_MS = 120000

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

-- Until the images are sent.
local function of_recovery(input, ...)
  local modem = support.simulator("mc7455", { time_scale = 0.01,
    faults = { "start=download", "window=6000" } })
  local run = support.start { support.program, "--root", modem.root, "--json", "recover", ... }
  run.to_send = input or ""
  local event
  repeat event = cjson.decode(run:line(PATIENCE_MS))
  until event.event == "result" or event.step == "leave download mode" and event.state == "done"
  if event.event == "result" then error("no recovery: " .. cjson.encode(event), 0) end
  local peak = peak_of(run)
  run:stop()
  modem:stop()
  return peak
end

local function contents(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

local function run()
  local folder, bare = support.folder(), of_interpreter()
  local settings = packages.write(packages.settings(), folder)
  local firmware = packages.write(packages.firmware { size = size }, folder)
  local packed = folder .. "/pack.zip"
  assert(sys.write_file(packed, zip.bytes { { "settings.nvu", contents(settings), deflated = true },
    { "firmware.cwe", contents(firmware), deflated = true } }))
  local server = web.start(folder)
  local function tell(what, peak)
    print(("%-32s %5d KiB, %4.1f MiB above the interpreter"):format(what, peak, (peak - bare) / 1024))
  end
  tell("lua5.1", bare)
  tell("recover FILE", of_recovery(nil, firmware, settings))
  tell("recover - (a pipe)", of_recovery(contents(firmware), "-", settings))
  tell("recover http://.../FILE", of_recovery(nil, server:url(firmware:match "[^/]*$"), settings))
  tell("recover http://.../FILE.zip", of_recovery(nil, server:url "pack.zip"))
end

local ok, problem = pcall(run)
support.finish()
if not ok then error(problem, 0) end
