-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- What the specs of update engines share: is the engine here, a device with a modem, its images.
-- @module tests.packaging.clients

local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local clients = {}

--- What the simulated modem runs at first, and what the images have.
clients.OLD, clients.NEW = "02.08.02.00", "02.33.03.00"

--- The first of some programs that PATH does not lead to, in words; nil when all are there.
function clients.missing(...)
  local function is_there(name)
    for folder in os.getenv("PATH"):gmatch "[^:]+" do
      if sys.access(folder .. "/" .. name, "x") then return true end
    end
  end
  for _, name in ipairs { ... } do
    if not is_there(name) then return name .. " is not installed" end
  end
end

--- A Debian package, made once for all specs by debian.sh, which ctest runs before them.
-- @tparam string name
-- @treturn string its path; nil and the reason when there is none
function clients.debian_package(name)
  local folder = os.getenv "MOONFLASH_DEBIAN"
  local missing = clients.missing("dh", "dpkg-buildpackage")
  if missing or not folder then return nil, missing or "ctest makes the package" end
  for _, file in ipairs(assert(sys.list(folder))) do
    if file:match "^[^_]+" == name and file:find "%.deb$" then return folder .. "/" .. file end
  end
  error("no package " .. name .. " in " .. folder)
end

--- A device with a simulated modem: a folder with bin, and an environment that leads there.
-- @tparam string ... the modem's faults
-- @treturn table folder, modem, environment
function clients.device(...)
  local modem = support.simulator("mc7455", { time_scale = 0.01, faults = { ... } })
  return clients.device_with(modem)
end

--- The same with what there is of modems already.
-- @tparam table modem root
function clients.device_with(modem)
  local folder = support.folder()
  assert(sys.make_folder(folder .. "/bin"))
  assert(sys.symlink(sys.real_path(support.program), folder .. "/bin/moonflash"))
  assert(sys.symlink(sys.real_path "packaging/moonflash-deploy", folder .. "/bin/moonflash-deploy"))
  local device = { folder = folder, modem = modem, environment = { MOONFLASH_ROOT = modem.root,
    MOONFLASH_DEPLOY_OPTIONS = folder .. "/options", PATH = folder .. "/bin:" .. os.getenv "PATH" } }
  clients.install(device, "sync", "#!/bin/sh\n") -- the disks of this machine are not the device's
  return device
end

--- A device without a modem.
function clients.device_without_modem()
  local root = support.folder()
  for _, name in ipairs { "sys", "dev" } do assert(sys.make_folder(root .. "/" .. name)) end
  return clients.device_with { root = root }
end

--- A device with two modems.
function clients.device_with_two()
  local root = support.folder() .. "/root"
  local modem = support.start { support.program, "simulate", "mc7455", "mc7455", "--dir", root,
    "--time-scale", "0.01" }
  modem.root = modem:line()
  return clients.device_with(modem)
end

--- Puts a program in front of what a device has by that name.
function clients.install(device, name, text)
  local path = device.folder .. "/bin/" .. name
  if sys.stat(path) then assert(os.remove(path)) end
  assert(sys.write_file(path, text))
  assert(support.run({ "chmod", "755", path }).status == 0)
end

-- A moonflash that writes down how it was called, and ends with the next status of a command's list, the
-- last again and again.
local STAND_IN = [[#!/bin/sh
echo "$*" >>"$FAKE/calls"
[ "$1" != --json ] || shift
next=$FAKE/$1
[ -s "$next" ] || exit 0
read -r status <"$next"
[ "$(wc -l <"$next")" = 1 ] || sed -i 1d "$next"
exit "$status"
]]

--- A device without a modem and with a stand-in for moonflash, whose calls are lines of the file `calls`.
-- There is nothing to wait for: sleep does not.
-- @tparam table statuses lists of exit statuses by command
function clients.device_with_stand_in(statuses)
  local device = clients.device_without_modem()
  device.environment.FAKE = device.folder
  clients.install(device, "moonflash", STAND_IN)
  clients.install(device, "sleep", "#!/bin/sh\necho \"sleep $1\" >>\"$FAKE/calls\"\n")
  for command, list in pairs(statuses) do
    assert(sys.write_file(device.folder .. "/" .. command, table.concat(list, "\n") .. "\n"))
  end
  return device
end

--- Waits until the modem of a device was sent the first bytes of an image that it does not answer: for
-- modems with the fault `silence=qdl.write`.
function clients.wait_for_transfer(device)
  local deadline = support.deadline()
  while #support.log(device.modem.root, "fault") == 0 do
    assert(sys.clock_ms() < deadline, "no transfer has begun")
    sys.sleep_ms(2)
  end
end

--- Image files of 1.5 MB.
-- @tparam[opt] function spoil changes the bytes of each
-- @treturn table paths
function clients.images(spoil)
  local folder, options, paths = support.folder(), { size = 1500000 }, {}
  for i, image in ipairs { packages.firmware(options), packages.settings(options) } do
    paths[i] = packages.write(image, folder)
    if spoil then assert(sys.write_file(paths[i], spoil((sys.read_file(paths[i]))))) end
  end
  return paths
end

--- Runs moonflash on a device.
function clients.moonflash(device, ...)
  local run = support.run({ support.program, ... }, { environment = device.environment })
  assert(run.status == 0, run.stdout .. run.stderr)
  return run.stdout
end

--- The firmware that the modem of a device runs.
function clients.runs(device)
  return clients.moonflash(device, "status"):match "runs: *(%S+)"
end

--- All that runs: firmware, carrier, version of the settings.
function clients.runs_all(device)
  return clients.moonflash(device, "status"):match "runs: *([^\n]+)"
end

--- How many images the modem of a device was sent.
function clients.sends(device)
  local _, count = sys.read_file(device.modem.root .. "/log"):gsub('"command":"open"', "")
  return count
end

return clients
