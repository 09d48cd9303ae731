-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The update module driven by Mender's own client and mender-artifact (Debian: mender-client,
-- mender-artifact) against a simulated modem. The client's folders are replaced in a mount namespace
-- of its own, so nothing of the machine is touched; that needs root.
local clients = require "tests.packaging.clients"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS, NOTHING_TO_COMMIT = 60000, 2
local OLD, NEW = clients.OLD, clients.NEW

local function lacking()
  local missing = clients.missing("mender", "mender-artifact", "unshare")
  if missing then return missing end
  local run = support.run { "unshare", "-m", "true" }
  support.finish()
  return run.status ~= 0 and "mount namespaces are not allowed here" or nil
end

local gateway

local function set_up(device)
  gateway = device
  gateway.kept = gateway.folder .. "/kept"
  gateway.environment.MOONFLASH_KEPT = gateway.kept
  for _, name in ipairs { "etc", "data", "modules" } do
    assert(sys.make_folder(gateway.folder .. "/" .. name))
  end
  assert(sys.write_file(gateway.folder .. "/etc/artifact_info", "artifact_name=base\n"))
  assert(sys.write_file(gateway.folder .. "/data/device_type", "device_type=gateway\n"))
  assert(sys.symlink(sys.real_path "packaging/mender/moonflash", gateway.folder .. "/modules/moonflash"))
end

local function new_gateway(...)
  set_up(clients.device(...))
end

local IN_ITS_PLACE = [[
  mount --bind "$1/modules" /usr/share/mender/modules/v3 && mount --bind "$1/etc" /etc/mender &&
  shift && exec mender "$@"
]]

local function mender(...)
  return support.run({ "unshare", "-m", "sh", "-c", IN_ITS_PLACE, "sh", gateway.folder, "--no-syslog",
    "--data", gateway.folder .. "/data", ... },
    { environment = gateway.environment, deadline_ms = PATIENCE_MS })
end

local function runs_artifact()
  return mender("show-artifact").stdout:match "%S+"
end

local function artifact(images)
  local path = support.folder() .. "/modem.mender"
  local argv = { "mender-artifact", "write", "module-image", "-T", "moonflash", "-t", "gateway",
    "-n", "modem-" .. NEW, "-o", path }
  for _, file in ipairs(images or clients.images()) do
    argv[#argv + 1] = "-f"
    argv[#argv + 1] = file
  end
  local run = support.run(argv)
  assert.equal(0, run.status, run.stderr)
  return path
end

local missing = lacking()
local only = missing and pending or describe

only("the Mender module" .. (missing and ": " .. missing or ""), function()
  after_each(support.finish)

  it("updates a modem, and commits what the modem reports", function()
    new_gateway()
    local installed = mender("install", artifact())
    assert.equal(0, installed.status, installed.stderr)
    assert.equal(NEW, clients.runs(gateway))
    local committed = mender "commit"
    assert.equal(0, committed.status, committed.stderr)
    assert.same({}, sys.list(gateway.folder .. "/data/modules/v3/payloads/0000"))
  end)

  it("goes back to the pair the modem stores", function()
    new_gateway()
    assert.equal(0, mender("install", artifact()).status)
    local back = mender "rollback"
    assert.equal(0, back.status, back.stderr)
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("does not commit when the modem runs something else by then", function()
    new_gateway()
    assert.equal(0, mender("install", artifact()).status)
    clients.moonflash(gateway, "switch", OLD .. "_GENERIC")
    assert.are_not.equal(0, mender("commit").status)
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("waits with the commit for a modem that is not there yet", function()
    new_gateway()
    assert.equal(0, mender("install", artifact()).status)
    local sysfs = gateway.modem.root .. "/sys"
    assert(os.rename(sysfs, sysfs .. ".away"))
    assert(sys.make_folder(sysfs))
    local comes = ('#!/bin/sh\nrmdir "%s" && mv "%s.away" "%s"\n'):format(sysfs, sysfs, sysfs)
    clients.install(gateway, "sleep", comes)
    local committed = mender "commit"
    assert.equal(0, committed.status, committed.stderr)
    assert.equal(NEW, clients.runs(gateway))
  end)

  it("stops at a damaged image while it is downloaded", function()
    new_gateway()
    local bad = clients.images(function(bytes) return bytes:sub(1, 5000) .. "x" .. bytes:sub(5002) end)
    local run = mender("install", artifact(bad))
    assert.are_not.equal(0, run.status)
    assert.matches("SWI9X30C_02.33.03.00.cwe: ", run.stdout .. run.stderr)
    assert.equal(0, clients.sends(gateway))
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("stops at the end of the download when an image is missing", function()
    new_gateway()
    local run = mender("install", artifact { clients.images()[1] })
    assert.are_not.equal(0, run.status)
    assert.matches("%.nvu. for %S+ are missing", run.stdout .. run.stderr)
    assert.equal("base", runs_artifact())
    assert.same({}, sys.list(gateway.folder .. "/data/modules/v3/payloads/0000"))
  end)

  it("says so and stops when the disk is full", function()
    local images = artifact()
    new_gateway()
    clients.install(gateway, "cat", '#!/bin/sh\n/bin/cat "$@" >/dev/full\n')
    local run = mender("install", images)
    assert.are_not.equal(0, run.status)
    assert.matches("could not be saved", run.stdout .. run.stderr)
  end)

  it("leaves the device with what it had when there is no modem, or more than one", function()
    for _, device in ipairs { "device_without_modem", "device_with_two" } do
      set_up(clients[device]())
      clients.install(gateway, "sleep", "#!/bin/sh\n")
      assert.are_not.equal(0, mender("install", artifact()).status)
      assert.equal("base", runs_artifact())
      assert.falsy(sys.stat(gateway.kept))
    end
  end)

  it("keeps the images for a modem that stays in download mode", function()
    new_gateway "unplug=qdl.write#*"
    assert(sys.write_file(gateway.environment.MOONFLASH_DEPLOY_OPTIONS, "--timeout-scale=0.02\n"))
    assert.are_not.equal(0, mender("install", artifact()).status)
    assert.equal(2, #sys.list(gateway.kept))
    assert.equal(OLD .. "_GENERIC_002.007_001\n", sys.read_file(gateway.kept .. ".before"))
    assert.same({}, sys.list(gateway.folder .. "/data/modules/v3/payloads/0000"))
  end)

  it("does not forget what an earlier deployment knew, nor lose its images for want of room", function()
    new_gateway "unplug=qdl.write#*"
    assert(sys.write_file(gateway.environment.MOONFLASH_DEPLOY_OPTIONS, "--timeout-scale=0.02\n"))
    assert.are_not.equal(0, mender("install", artifact()).status)
    clients.install(gateway, "mv", '#!/bin/sh\ncase $* in */kept.new/) exit 1 ;; esac\nexec /bin/mv "$@"\n')
    clients.install(gateway, "sleep", "#!/bin/sh\n")
    assert.are_not.equal(0, mender("install", artifact()).status)
    assert.equal(2, #sys.list(gateway.kept))
    assert.equal(OLD .. "_GENERIC_002.007_001\n", sys.read_file(gateway.kept .. ".before"))
    assert.falsy(sys.stat(gateway.kept .. ".new"))
  end)

  it("goes back to what an earlier deployment knew, when this one cannot ask", function()
    new_gateway()
    assert(sys.make_folder(gateway.kept))
    assert(sys.write_file(gateway.kept .. ".before", OLD .. "_GENERIC_002.007_001\n"))
    clients.install(gateway, "moonflash", ('#!/bin/sh\ncase "$1 $2" in "--json status") [ -e "%s/asked" ] || '
      .. '{ : >"%s/asked"; exit 3; } ;; esac\nexec "%s" "$@"\n'):format(gateway.folder, gateway.folder,
        sys.real_path(support.program)))
    assert.equal(0, mender("install", artifact()).status)
    local back = mender "rollback"
    assert.equal(0, back.status, back.stderr)
    assert.equal(OLD, clients.runs(gateway))
    assert.falsy(sys.stat(gateway.kept .. ".before"))
  end)

  it("forgets such images when an update has come to its end", function()
    new_gateway()
    assert(sys.make_folder(gateway.kept))
    assert.equal(0, mender("install", artifact()).status)
    assert.equal(0, mender("commit").status)
    assert.falsy(sys.stat(gateway.kept))
  end)

  it("sends again when a transfer breaks", function()
    new_gateway "vanish-chunk=1"
    local installed = mender("install", artifact())
    assert.equal(0, installed.status, installed.stderr)
    assert.equal(NEW, clients.runs(gateway))
  end)

  it("ends with the old firmware when no transfer succeeds", function()
    new_gateway "refuse=qdl.open#*:2"
    assert.are_not.equal(0, mender("install", artifact()).status)
    assert.is_true(clients.sends(gateway) >= 3)
    assert.equal(OLD, clients.runs(gateway))
    assert.equal(NOTHING_TO_COMMIT, mender("commit").status)
  end)
end)
