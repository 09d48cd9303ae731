-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- A router with the OpenWrt package, for specs: its service and ubus object under BusyBox's shell and stock
-- Lua, with stand-ins for procd, uci and ubus (openwrt/rc.common and the fakes below).
-- @module tests.packaging.router

local cjson = require "cjson"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local stage = {}

--- The shell of routers; without it nothing here runs.
stage.SHELL = "/usr/bin/busybox"
--- Where the package's files are.
stage.FILES = "packaging/openwrt/moonflash/files/"

local PATIENCE_MS = 240000

-- `uci show` is strict: a file with an error is not read. The names of its arguments are those of rpcd's configuration.
-- Compared by running with uci 66127cd and rpcd 4476687 in 2026-11.
local UCI = [[#!/bin/sh
case "$*" in
"-q show moonflash") sh -n "$UCI_CONFIG_DIR/moonflash" 2>/dev/null ;;
"-q get rpcd.@rpcd[0].timeout") cat "$FAKE/rpcd_timeout" 2>/dev/null ;;
*) exit 1 ;;
esac
]]

local router, modem

--- A script that can be run, under BusyBox's shell if it is one.
function stage.install(path, text)
  assert(sys.write_file(path, (text:gsub("^#!/bin/sh", "#!" .. stage.SHELL .. " sh", 1))))
  assert(support.run({ "chmod", "755", path }).status == 0)
end

-- A file of the package, with its paths on the router replaced by those of the test.
local function install_packaged(name, path, places)
  local text = assert(sys.read_file(stage.FILES .. name))
  for place, real in pairs(places) do
    local at, stop = text:find(place, 1, true)
    assert(at, place .. " is not in " .. name)
    text = text:sub(1, at - 1) .. real .. text:sub(stop + 1)
  end
  stage.install(path, text)
end

local function new_router()
  local self = { folder = support.folder() }
  local folder = self.folder
  local bin, jobs = folder .. "/bin", folder .. "/jobs"
  assert(sys.make_folder(bin))
  assert(sys.make_folder(folder .. "/config"))
  assert(sys.write_file(folder .. "/calls", ""))
  stage.install(bin .. "/ubus", "#!/bin/sh\necho \"$*\" >>\"$FAKE/calls\"\n")
  stage.install(bin .. "/logger", "#!/bin/sh\ncat >>\"$FAKE/syslog.err\"\n")
  stage.install(bin .. "/uci", UCI)
  assert(sys.symlink(sys.real_path(support.program), bin .. "/moonflash"))
  install_packaged("moonflash-job", folder .. "/moonflash-job", {})
  install_packaged("moonflash.init", folder .. "/init", {
    ["JOBS=/var/run/moonflash/jobs"] = "JOBS=" .. jobs,
    ["command /usr/libexec/moonflash-job"] = "command " .. folder .. "/moonflash-job",
  })
  local rc_common = sys.real_path "tests/packaging/openwrt/rc.common"
  local service_text = "#!/bin/sh\nset -- %s/init \"$@\"\n. '%s'\n"
  stage.install(folder .. "/service", service_text:format(folder, rc_common))
  install_packaged("moonflash.rpcd", folder .. "/rpcd", {})
  assert(sys.make_folder(folder .. "/lua/moonflash/rpcd"))
  local places = { jobs = { ["/var/run/moonflash/jobs"] = jobs },
    program = { ["/etc/init.d/moonflash"] = folder .. "/service" },
    uploads = { ["/tmp/moonflash/upload"] = folder .. "/tmp/upload" } }
  for _, name in ipairs(sys.list(stage.FILES .. "rpcd")) do
    install_packaged("rpcd/" .. name, folder .. "/lua/moonflash/rpcd/" .. name, places[name:match "^%w+"] or {})
  end
  self.environment = { FAKE = folder, UCI_CONFIG_DIR = folder .. "/config", MOONFLASH_ROOT = modem.root,
    PATH = bin .. ":" .. os.getenv "PATH", LUA_PATH = folder .. "/lua/?.lua;" .. (os.getenv "LUA_PATH" or ";") }
  self.jobs = jobs
  return self
end

--- Another modem in place of the one there is.
function stage.start_modem(time_scale)
  modem = support.simulator("mc7455", { time_scale = time_scale })
  if router then router.environment.MOONFLASH_ROOT = modem.root end
end

--- Writes /etc/config/moonflash: its text, or the options of a list.
function stage.configure(text, ...)
  if text:sub(1, 1) == "-" then
    local lines = { "config moonflash 'main'" }
    for _, option in ipairs { text, ... } do lines[#lines + 1] = ("\tlist option '%s'"):format(option) end
    text = table.concat(lines, "\n") .. "\n"
  end
  assert(sys.write_file(router.folder .. "/config/moonflash", text))
end

--- The root of the modem: sys, dev, programs below sbin.
function stage.root()
  return modem.root
end

--- Runs an action of the service.
function stage.service(...)
  return support.run({ router.folder .. "/service", ... }, { environment = router.environment })
end

--- Calls a method of the ubus object.
-- @treturn table its answer, and as text
function stage.call(method, arguments)
  local run = support.run({ "lua5.1", router.folder .. "/rpcd", "call", method },
    { environment = router.environment, input = cjson.encode(arguments or {}) })
  assert(run.status == 0, run.stderr)
  return cjson.decode(run.stdout), run.stdout
end

--- Looks again and again until there is something to be seen, which it gives.
function stage.wait_for(look)
  local deadline = sys.clock_ms() + PATIENCE_MS
  repeat
    local seen = look()
    if seen then return seen end
    sys.sleep_ms(20)
  until sys.clock_ms() > deadline
  error("waited in vain; syslog: " .. (sys.read_file(router.folder .. "/syslog") or "empty"), 2)
end

--- The progress of a job as soon as it satisfies.
function stage.await(job, satisfies)
  return stage.wait_for(function()
    local seen = stage.call("progress", { job = job })
    return satisfies(seen) and seen
  end)
end

--- The progress of a job when all that belongs to it has ended.
function stage.await_end(job)
  stage.wait_for(function() return sys.read_file(router.folder .. "/calls"):find(job, 1, true) end)
  return stage.await(job, function(seen) return seen.state == "ended" end)
end

--- Image files of 1.5 MB.
function stage.images()
  local folder, options = support.folder(), { size = 1500000 }
  return {
    packages.write(packages.firmware(options), folder), packages.write(packages.settings(options), folder),
  }
end

--- A file of the router.
function stage.contents(name)
  return assert(sys.read_file(router.folder .. "/" .. name))
end

--- The number in a link or a file.
function stage.read_pid(path)
  return tonumber(sys.link(path) or sys.read_file(path) or "")
end

--- A job that has begun, with no process of its own.
function stage.new_job_folder(name, arguments)
  local folder = router.jobs .. "/" .. name
  assert(sys.make_folder(folder))
  assert(sys.symlink("999999999", folder .. "/begun"))
  assert(sys.write_file(folder .. "/arguments", arguments))
  return folder
end

-- Jobs are in sessions of their own: they are ended here if a test left one.
local function end_jobs()
  for _, name in ipairs(sys.list(router.jobs) or {}) do
    local pid = not sys.link(router.jobs .. "/" .. name .. "/ended")
      and stage.read_pid(router.jobs .. "/" .. name .. "/pid")
    if pid then sys.kill(pid, "KILL") end
  end
end

--- A new router with a modem, which all functions here are about from then on.
-- @treturn table folder, jobs, environment
function stage.begin()
  router = nil
  stage.start_modem(0.02)
  router = new_router()
  return router
end

--- Nothing is left of it.
function stage.finish()
  end_jobs()
  support.finish()
end

return stage
