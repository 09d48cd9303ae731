-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- moonflash-deploy as the update engines call it, without one of them: on simulated modems, and with a
-- stand-in for moonflash where the order of exit statuses matters.
local clients = require "tests.packaging.clients"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local PATIENCE_MS = 60000
local OLD, NEW = clients.OLD, clients.NEW

local gateway, images

local function new_gateway(device)
  gateway, images = device, device.folder .. "/images"
  assert(sys.make_folder(images))
  for _, path in ipairs(clients.images()) do
    assert(sys.symlink(path, images .. "/" .. path:match "[^/]+$"))
  end
end

local function set_options(text)
  assert(sys.write_file(gateway.environment.MOONFLASH_DEPLOY_OPTIONS, text))
end

local function argv(verb, slashes)
  return { "packaging/moonflash-deploy", verb, images .. (slashes or "") }
end

local function deploy(verb, slashes)
  return support.run(argv(verb, slashes), { environment = gateway.environment, deadline_ms = PATIENCE_MS })
end

local function succeeds(verb, slashes)
  local run = deploy(verb, slashes)
  assert.equal(0, run.status, run.stdout .. run.stderr)
  return run
end

local function fails(verb)
  local run = deploy(verb)
  assert.are_not.equal(0, run.status, run.stdout .. run.stderr)
  return run
end

local function remembered()
  return sys.read_file(images .. ".before")
end

local function new_stand_in(statuses)
  new_gateway(clients.device_with_stand_in(statuses))
end

local function contents(name)
  return assert(sys.read_file(gateway.folder .. "/" .. name))
end

local function calls(command)
  local _, count = ("\n" .. contents "calls"):gsub("\n" .. command .. "%f[%s]", "")
  return count
end

describe("moonflash-deploy", function()
  after_each(support.finish)

  it("says how it is used", function()
    local run = support.run { "packaging/moonflash-deploy", "update" }
    assert.equal(1, run.status)
    assert.truthy(run.stderr:find("usage", 1, true))
  end)

  it("has the version of moonflash", function()
    local run = support.run({ "packaging/moonflash-deploy", "--version" },
      { environment = clients.device_without_modem().environment })
    assert.equal(0, run.status, run.stderr)
    assert.equal("moonflash-deploy " .. require("moonflash.base.install").version .. "\n", run.stdout)
    run = support.run({ "packaging/moonflash-deploy", "--version" }, { environment = { PATH = "/nowhere" } })
    assert.are_not.equal(0, run.status)
  end)

  it("goes back to the very settings that ran, not to the newest for that firmware", function()
    new_gateway(clients.device("stored=" .. OLD .. "/GENERIC/002.099_000"))
    local before = clients.runs_all(gateway)
    succeeds "update"
    assert.equal(NEW, clients.runs(gateway))
    succeeds "rollback"
    assert.equal(before, clients.runs_all(gateway))
    assert.falsy(remembered())
  end)

  it("brings a modem back by the images when the update was killed amid a transfer", function()
    new_gateway(clients.device "silence=qdl.write#1")
    local update = support.start(argv "update", { environment = gateway.environment })
    clients.wait_for_transfer(gateway)
    update:stop()
    succeeds "rollback"
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("does not forget what ran when an update that was killed is made again", function()
    new_gateway(clients.device "silence=qdl.write#1")
    local update = support.start(argv "update", { environment = gateway.environment })
    clients.wait_for_transfer(gateway)
    update:stop()
    succeeds "update"
    assert.equal(NEW, clients.runs(gateway))
    succeeds "rollback"
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("has failed to go back while a modem stays in download mode", function()
    new_gateway(clients.device "unplug=qdl.write#*")
    set_options "--timeout-scale=0.02"
    fails "update"
    fails "rollback"
    assert.truthy(remembered())
  end)

  it("has nothing to undo where there was no modem, or more than one", function()
    for _, device in ipairs { "device_without_modem", "device_with_two" } do
      new_gateway(clients[device]())
      clients.install(gateway, "sleep", "#!/bin/sh\n")
      fails "update"
      assert.matches("nothing to undo", succeeds("rollback").stderr)
    end
  end)

  it("has nothing to undo when an image was damaged", function()
    new_gateway(clients.device())
    os.remove(images .. "/" .. sys.list(images)[1])
    fails "update"
    assert.matches("nothing to undo", succeeds("rollback").stderr)
    assert.equal(OLD, clients.runs(gateway))
  end)

  it("has not gone back while the new firmware runs and what ran before is not known", function()
    new_gateway(clients.device())
    clients.install(gateway, "moonflash", '#!/bin/sh\ncase $* in --json*) exit 3 ;; esac\nexec "'
      .. sys.real_path(support.program) .. '" "$@"\n')
    succeeds "update"
    assert.equal("", remembered())
    assert.matches("not known", fails("rollback").stderr)
  end)

  it("waits for a modem that is away after a failed transfer", function()
    new_stand_in { status = { 0, 0, 0, 5, 5, 5, 5, 0 }, update = { 7, 5, 0 } }
    succeeds "update"
    assert.equal(3, calls "update")
    assert.equal(2, calls "sleep")
  end)

  it("waits for it a minute at most", function()
    new_stand_in { status = { 0, 0, 0, 5 }, update = { 7, 5 } }
    fails "update"
    assert.equal(3, calls "update")
    assert.equal(40, calls "sleep")
    assert.truthy(remembered())
  end)

  it("waits for a modem that is not there when it begins, and when it verifies", function()
    new_stand_in { status = { 5, 5, 0 }, update = { 0 }, plan = { 5, 2 } }
    succeeds "update"
    assert.equal(1, calls "sleep")
    assert(sys.write_file(gateway.folder .. "/status", "5\n5\n0\n"))
    succeeds "verify"
    assert.equal(2, calls "sleep")
    assert.equal(2, calls "plan")
  end)

  it("goes back where download mode was not entered and the preference was not put back", function()
    new_gateway(clients.device("skips-download", "refuse=qmi.0048#2:48"))
    local before = clients.moonflash(gateway, "status")
    set_options "--timeout-scale=0.05"
    fails "update"
    assert.are_not.equal(before, clients.moonflash(gateway, "status"))
    succeeds "rollback"
    assert.equal(before, clients.moonflash(gateway, "status"))
    assert.falsy(remembered())
  end)

  it("has nothing more to do where the modem is as it was", function()
    new_gateway(clients.device "skips-download")
    set_options "--timeout-scale=0.05"
    fails "update"
    assert.truthy(remembered())
    succeeds "rollback"
    assert.falsy(remembered())
  end)

  it("leaves nothing half written", function()
    new_stand_in {}
    clients.install(gateway, "mv", "#!/bin/sh\nexit 1\n")
    fails "update"
    assert.equal(0, calls "update")
    assert.falsy(sys.stat(images .. ".before.new"))
  end)

  it("has what ran before on the disk before it changes anything", function()
    new_stand_in {}
    clients.install(gateway, "sync", '#!/bin/sh\ncd "$FAKE" && echo sync *.before* >>calls\n')
    succeeds "update"
    -- before it has its name, too: one without its text would say that what ran is not known
    assert.matches("\nsync images.before.new\nsync images.before\nupdate ", contents "calls", 1, true)
  end)

  it("means the same folder with slashes behind its name", function()
    new_stand_in { update = { 9 } }
    assert.are_not.equal(0, deploy("update", "//").status)
    assert.truthy(remembered())
    succeeds("rollback", "/")
    assert.falsy(remembered())
  end)

  it("waits for it before it goes back, too", function()
    new_stand_in { status = { 0, 0, 0, 5, 5, 0 }, update = { 9 }, switch = { 2 } }
    fails "update"
    assert(sys.write_file(images .. ".before", "02.08.02.00_GENERIC_002.007_001\n"))
    succeeds "rollback"
    assert.equal(1, calls "sleep")
    assert.equal(1, calls "switch")
  end)

  it("gives moonflash the options of the device", function()
    new_stand_in {}
    set_options "# the one in the lid\n\n--place=2-3\n--timeout-scale=2"
    succeeds "update"
    assert.matches("\nupdate [^\n]+ %-%-place=2%-3 %-%-timeout%-scale=2\n",
      contents "calls")
  end)

  it("leaves out what cannot be for every run, and says so once", function()
    new_stand_in { plan = { 2 } }
    set_options "--force\n--trace\n# its value\n\n/tmp/a.trace\n--trace=/tmp/b.trace\n--place=2-3\n"
    for _, verb in ipairs { "update", "verify", "check" } do
      assert.equal(1, select(2, deploy(verb).stderr:gsub("left out", "")), verb)
    end
    assert.matches("\nupdate [^\n]+%.nvu %-%-place=2%-3\n", contents "calls")
    set_options "--log=/tmp/a:#1\n--busnum-devnum=1:\n"
    succeeds "verify"
    assert.matches("/a:#1 %-%-busnum%-devnum=1:\n", contents "calls")
    set_options "--log=/tmp/--trace\n# --force\n"
    assert.equal("", succeeds("verify").stderr)
  end)

  it("updates the modem that the options choose of two", function()
    new_gateway(clients.device_with_two())
    local place = clients.moonflash(gateway, "devices"):match "\n(%S+)"
    set_options("--place=" .. place .. "\n")
    succeeds "update"
    assert.matches(NEW, clients.moonflash(gateway, "status", "--place", place))
  end)

  it("checks that images are good, and together an update", function()
    new_gateway(clients.device_without_modem())
    succeeds "check"
    local names = sys.list(images)
    os.remove(images .. "/" .. names[2])
    assert.matches("missing", fails("check").stderr)
    os.remove(images .. "/" .. names[1])
    packages.write(packages.package { size = 300000 }, images)
    succeeds "check"
  end)
end)
