-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Programs that use the modem are paused, and resumed: at the end, after a failure, and after a crash.
local fake_dbus = require "tests.fakes.dbus"
local fake_machine = require "tests.fakes.machine"
local failure = require "moonflash.base.failure"
local lock = require "moonflash.host.lock"
local modems = require "tests.fakes.modems"
local services = require "moonflash.host.services"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local machine
local access, sleep = sys.access, sys.sleep_ms
after_each(function()
  sys.access, sys.sleep_ms = access, sleep
  support.finish()
  if machine then machine:remove() end
  machine = nil
end)

local usb2 = modems.copy(modems.running, { place = "1-6", peer = "2-3", speed = 480 })
local paused_file = "run/moonflash/1-6.paused"

local function with_modem_manager(modem)
  machine = fake_machine.new(modem or usb2)
  machine:process(812, "ModemManager")
end

local function with_systemd(modem)
  with_modem_manager(modem)
  machine:program "usr/bin/systemctl"
  assert(sys.make_folder(machine.root .. "/run/systemd/system"))
end

local function with_procd()
  with_modem_manager()
  machine:program "sbin/procd"
  machine:program "etc/init.d/modemmanager"
end

-- OpenWrt's netifd; `shown` is what `uci -X show network` prints, `up` a pattern of the interfaces that the user did
-- not take down. Compared with uci 66127cd, netifd c18cc79 and OpenWrt 25.12's ifup in 2026-11 by running an update of
-- a simulated modem with them. netifd names a section without a name as `uci -X` does; plain `uci` prints @TYPE[N].
local function with_netifd(shown, up)
  machine = fake_machine.new(usb2, { shown = shown })
  local asked = ("-q -X -c %s/etc/config show network"):format(machine.root)
  machine:program("sbin/uci", ('[ "$*" != "%s" ] || cat %s/shown'):format(asked, machine.root))
  machine:program("bin/ubus", ('case "$2" in %s) echo \'{ "up": false, "autostart": true }\';; '
    .. '*) echo \'{ "autostart": false }\';; esac'):format(up))
  machine:program "sbin/ifdown"
  machine:program "sbin/ifup"
end

local function changes()
  local lines = {}
  for _, line in ipairs(machine:calls()) do
    if not line:find "^ubus" and not line:find "^uci" then lines[#lines + 1] = line end
  end
  return lines
end

describe("pausing", function()
  it("does nothing where no program uses the modem", function()
    machine = fake_machine.new(usb2)
    machine:program "usr/bin/systemctl"
    assert.is_false(services.pause(machine:job()))
    assert.same({}, machine:calls())
    assert.is_nil(machine:read(paused_file))
  end)

  it("stops and starts the service of systemd, with an entry in the file meanwhile", function()
    with_systemd()
    local job = machine:job()
    assert.is_true(services.pause(job))
    assert.equal("systemd ModemManager.service\n", machine:read(paused_file))
    job:finalize()
    assert.same({ "systemctl stop ModemManager.service", "systemctl start ModemManager.service" }, changes())
    assert.is_nil(machine:read(paused_file))
    assert.same({}, machine.warnings)
  end)

  it("writes the file before anything is paused", function()
    with_systemd()
    machine:program("usr/bin/systemctl", ("cat %s/%s >>%s/calls"):format(machine.root, paused_file, machine.root))
    assert.is_true(services.pause(machine:job()))
    assert.same({ "systemctl stop ModemManager.service", "systemd ModemManager.service" }, changes())
  end)

  it("stops and starts the service of procd", function()
    with_procd()
    local job = machine:job()
    assert.is_true(services.pause(job))
    job:finalize()
    assert.same({ "modemmanager stop", "modemmanager start" }, changes())
  end)

  it("warns when ModemManager runs and nothing stops it", function()
    with_modem_manager()
    assert.is_false(services.pause(machine:job()))
    assert.equal(1, #machine.warnings)
  end)

  it("warns when its service cannot be stopped, and starts it nevertheless", function()
    with_systemd()
    machine:program("usr/bin/systemctl", '[ "$1" = start ]')
    local job = machine:job()
    assert.is_false(services.pause(job))
    assert.truthy(machine.warnings[1].message:find("exit status 1", 1, true))
    job:finalize()
    assert.equal("systemctl start ModemManager.service", changes()[2])
  end)

  it("stops the service that was started since, and looks for it twice a second", function()
    with_systemd()
    machine:end_process(812)
    local job = machine:job()
    assert.is_false(services.pause(job))
    machine:process(900, "ModemManager", { "/dev/ttyUSB6" })
    assert.truthy(services.keep_paused(job):find("ModemManager (pid 900) uses ", 1, true))
    assert.is_nil(services.keep_paused(job))
    assert.same({ "systemctl stop ModemManager.service" }, changes())
    job:finalize()
    assert.same({ "systemctl stop ModemManager.service", "systemctl start ModemManager.service" }, changes())
  end)

  it("stops a service that had the name of its parent when it was seen first", function()
    with_systemd()
    machine:end_process(812)
    local job = machine:job()
    assert.is_false(services.pause(job))
    machine:process(900, "(systemd)")
    services.keep_paused(job, true)
    machine:process(900, "ModemManager")
    services.keep_paused(job, true)
    assert.same({ "systemctl stop ModemManager.service" }, changes())
  end)

  it("reads the name of a process that is not ModemManager four times, however often it looks", function()
    machine = fake_machine.new(usb2)
    machine:process(700, "dnsmasq")
    local job, read, names = machine:job(), sys.read_file, 0
    finally(function() sys.read_file = read end)
    sys.read_file = function(path, ...)
      if path:find "/700/comm$" then names = names + 1 end
      return read(path, ...)
    end
    services.pause(job)
    for _ = 1, 7 do services.keep_paused(job, true) end
    assert.equal(4, names)
    machine:end_process(700)
    services.keep_paused(job, true)
    machine:process(700, "dnsmasq")
    services.keep_paused(job, true)
    assert.equal(5, names)
  end)

  it("lists the processes no more while none is started", function()
    with_systemd()
    machine:end_process(812)
    local job, list, lists = machine:job(), sys.list, 0
    local function newest(pid) machine.tree:write("proc/loadavg", ("0.20 0.18 0.12 1/80 %d\n"):format(pid)) end
    finally(function() sys.list = list end)
    sys.list = function(path)
      if path:find "/proc$" then lists = lists + 1 end
      return list(path)
    end
    machine:process(700, "dnsmasq")
    newest(700)
    services.pause(job)
    for _ = 1, 7 do services.keep_paused(job, true) end
    assert.equal(4, lists)
    machine:process(900, "ModemManager")
    newest(900)
    services.keep_paused(job, true)
    assert.same({ "systemctl stop ModemManager.service" }, changes())
    machine:end_process(900)
    services.keep_paused(job, true)
    assert.equal(1, #changes())
  end)

  it("leaves alone what a job that paused nothing finds", function()
    with_systemd()
    local job = machine:job { keep_services = true }
    services.pause(job)
    services.keep_paused(job)
    assert.same({}, machine:calls())
  end)

  it("does nothing with --keep-services", function()
    with_systemd()
    assert.is_false(services.pause(machine:job { keep_services = true }))
    assert.same({}, machine:calls())
  end)

  it("takes down the network interfaces that use the modem, and no other", function()
    with_netifd([[
network.lan=interface
network.lan.device='br-lan'
network.wwan=interface
network.wwan.proto='qmi'
network.wwan.device='/dev/cdc-wdm0'
network.static=interface
network.static.device='wwan1'
network.cfg080f15=device
network.cfg080f15.name='x'
network.cfg080f15.ports='lan1' 'lan2'
network.cfg056d96=interface
network.cfg056d96.device='wwan1'
network.down=interface
network.down.device='/dev/ttyUSB6'
network.any=interface
network.any.proto='wwan'
network.any.bus='1-6'
network.mm=interface
network.mm.proto='modemmanager'
network.mm.device='/sys/devices/pci0000:00/0000:00:14.0/usb1/1-6'
network.x=device
network.x.device='/dev/cdc-wdm0'
]], "network.interface.wwan|network.interface.static|network.interface.cfg056d96|network.interface.any|"
      .. "network.interface.mm")
    local job = machine:job()
    assert.is_true(services.pause(job))
    assert.equal("interface wwan\ninterface static\ninterface cfg056d96\ninterface any\ninterface mm\n",
      machine:read(paused_file))
    job:finalize()
    assert.same({ "ifdown wwan", "ifdown static", "ifdown cfg056d96", "ifdown any", "ifdown mm",
      "ifup mm", "ifup any", "ifup cfg056d96", "ifup static", "ifup wwan" }, changes())
  end)

  it("fails when an interface cannot be taken down, and takes it up", function()
    with_netifd("network.wwan=interface\nnetwork.wwan.device='wwan0'\n", "network.interface.wwan")
    machine:program("sbin/ifdown", "exit 3")
    local job = machine:job()
    local paused, problem = services.pause(job)
    assert.equal("sys.program", support.code_of(paused, problem))
    job:finalize()
    assert.same({ "ifdown wwan", "ifup wwan" }, changes())
  end)

  it("keeps an entry that could not be resumed in the file", function()
    with_systemd()
    machine:program("usr/bin/systemctl", '[ "$1" = stop ]')
    local job = machine:job()
    assert.is_true(services.pause(job))
    job:finalize()
    assert.equal("sys.program", machine.warnings[1].code)
    assert.equal("systemd ModemManager.service\n", machine:read(paused_file))
  end)

  it("is listed in words for plans", function()
    with_systemd()
    assert.same({ "ModemManager" }, services.list(machine.root, machine:job().device))
  end)
end)

describe("a run after a crash", function()
  before_each(function()
    with_systemd()
    services.pause(machine:job()) -- and this job never ends
  end)

  it("resumes what was left paused", function()
    services.restore_leftovers(machine:job())
    assert.equal("systemctl start ModemManager.service", changes()[2])
    assert.is_nil(machine:read(paused_file))
  end)

  it("leaves entries of a job that still runs", function()
    local held = assert(lock.take_socket(machine.root, "1-6"))
    services.restore_leftovers(machine:job())
    held:release()
    assert.equal(1, #changes())
    assert.truthy(machine:read(paused_file))
  end)

  it("tries again when that fails", function()
    machine:program("usr/bin/systemctl", "exit 1")
    services.restore_leftovers(machine:job())
    assert.equal(1, #machine.warnings)
    assert.truthy(machine:read(paused_file))
  end)

  it("passes over lines that are no entry", function()
    machine.tree:write(paused_file, "elsewhere thing\n\0\ninterface\nprocd ../x\ninterface -f\n"
      .. ("x"):rep(5000) .. "\nsystemd ModemManager.service\nsystemd cut-off")
    services.restore_leftovers(machine:job())
    assert.same({ "systemctl stop ModemManager.service", "systemctl start ModemManager.service" }, changes())
    assert.is_nil(machine:read(paused_file))
    assert.same({}, machine.warnings)
  end)

  it("keeps the entries whose resuming failed when it pauses more", function()
    machine.tree:write(paused_file, "interface wwan\n")
    services.restore_leftovers(machine:job()) -- there is no ifup
    local job = machine:job()
    services.pause(job)
    assert.equal("interface wwan\nsystemd ModemManager.service\n", machine:read(paused_file))
    machine:program "sbin/ifup"
    job:finalize()
    assert.equal("ifup wwan", changes()[4])
    assert.is_nil(machine:read(paused_file))
  end)

  it("finds the entries although a write was cut short", function()
    local write = sys.write_file
    finally(function() sys.write_file = write end)
    sys.write_file = function(path, bytes)
      write(path, bytes:sub(1, 5))
      return nil, failure.new("sys.failed", "no space left")
    end
    assert.is_nil(services.pause(machine:job()))
    sys.write_file = write
    services.restore_leftovers(machine:job())
    assert.equal("systemctl start ModemManager.service", changes()[2])
  end)
end)

describe("a signal", function()
  it("does not keep a service from being started", function()
    with_systemd()
    machine:program("usr/bin/systemctl",
      ("kill -INT $PPID && sleep 0.2; echo $1 >>%s/done"):format(machine.root))
    local run = support.run(support.lua([[
      local process, sys = require "moonflash.base.process", require "moonflash.core.sys"
      sys.catch_signals()
      print(process.run({ ..., "start", "ModemManager.service" }, 5000), (sys.interrupts()))]],
      machine.root .. "/usr/bin/systemctl"))
    assert.equal("true\t1\n", run.stdout, run.stderr)
    assert.equal("start\n", machine:read "done")
  end)
end)

-- From here on, until the end of the test, this user is one who may not write below /run/moonflash.
local function without_root()
  sys.access = function(path, letters)
    if path == machine.root .. "/run/moonflash" and letters == "w" then
      return nil, failure.new("sys.denied", "cannot access " .. path)
    end
    return access(path, letters)
  end
end

-- The job cannot begin, and has left no trace; the evidence of its failure.
local function assert_needs_root(what)
  local job = machine:job()
  assert.truthy(tostring(services.obstacle(machine.root, job.device)):find("only root can pause " .. what, 1, true))
  local paused, problem = services.pause(job)
  assert.equal("device.busy", support.code_of(paused, problem))
  assert.truthy(problem.message:find("only root can pause " .. what, 1, true))
  assert.truthy(failure.hint(problem):find("sudo", 1, true))
  job:finalize()
  assert.same({}, changes())
  assert.is_nil(machine:read(paused_file))
  assert.same({}, machine.warnings)
  return problem.evidence
end

describe("the job of a user who is not root", function()
  it("does not begin while ModemManager runs, and does not try to stop its service", function()
    with_systemd()
    without_root()
    assert_needs_root "ModemManager"
  end)

  it("does not begin when an interface uses the modem", function()
    with_netifd("network.wwan=interface\nnetwork.wwan.device='wwan0'\n", "network.interface.wwan")
    without_root()
    assert_needs_root "the network interface wwan"
  end)

  it("begins when nothing uses the modem, and leaves to root what root's job has paused", function()
    with_systemd()
    machine:end_process(812)
    machine.tree:write(paused_file, "systemd ModemManager.service\n")
    without_root()
    local job = machine:job()
    services.restore_leftovers(job)
    assert.is_nil(services.obstacle(machine.root, job.device))
    assert.is_false(services.pause(job))
    job:finalize()
    assert.same({}, machine:calls())
    assert.equal("systemd ModemManager.service\n", machine:read(paused_file))
    assert.same({}, machine.warnings)
  end)

  it("warns when ModemManager was started meanwhile and cannot be stopped", function()
    with_systemd()
    machine:end_process(812)
    without_root()
    local job = machine:job()
    assert.is_false(services.pause(job))
    machine:process(900, "ModemManager")
    services.keep_paused(job, true)
    assert.equal(1, #machine.warnings)
    job:finalize()
    assert.same({}, changes())
  end)
end)

describe("two jobs at once", function()
  local one, other, locks

  -- A job on a modem of its own, whose lock is held.
  local function at_work(place)
    local job = machine:job()
    job.device = modems.copy(job.device, { place = place })
    job.device.peer = nil
    locks[place] = assert(lock.take_socket(machine.root, place))
    return job
  end

  local function ends(job)
    job:finalize()
    locks[job.device.place]:release()
  end

  before_each(function()
    locks = {}
    with_systemd()
    machine:program("usr/bin/systemctl", ("P=%s/proc/812; case $1 in stop) rm -rf $P;; "
      .. "start) mkdir -p $P; echo ModemManager >$P/comm;; esac"):format(machine.root))
    one, other = at_work "1-1", at_work "1-2"
  end)

  it("share a stopped service: the last one starts it", function()
    assert.is_true(services.pause(one))
    assert.is_false(services.pause(other)) -- it is stopped already
    ends(one)
    assert.same({ "systemctl stop ModemManager.service" }, changes())
    ends(other)
    assert.same({ "systemctl stop ModemManager.service", "systemctl start ModemManager.service" }, changes())
  end)

  it("do not wait for one that was killed", function()
    services.pause(one)
    services.pause(other)
    locks["1-1"]:release()
    ends(other)
    assert.equal("systemctl start ModemManager.service", changes()[2])
    assert.is_nil(machine:read "run/moonflash/1-1.paused")
  end)

  it("that come after a killed one do not take the service from the other", function()
    services.pause(one)
    services.pause(other)
    locks["1-1"]:release()
    services.restore_leftovers(machine:job())
    assert.is_nil(changes()[2])
    ends(other)
    assert.equal("systemctl start ModemManager.service", changes()[2])
  end)

  it("do not wait for a lock that a failed one has left", function()
    local paused = require "moonflash.host.paused"
    assert.has_error(function() paused.alone(machine.root, function() error "broken" end) end)
    local lasts = sys.lock(machine.root .. "/run/moonflash/services.lock")
    assert(lasts):release()
  end)

  it("leave a service off that neither has stopped", function()
    machine:end_process(812)
    assert.is_false(services.pause(one))
    assert.is_false(services.pause(other))
    assert.same({}, changes())
  end)
end)

if fake_dbus.program then
  describe("ModemManager on the bus", function()
    local uid = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-6"
    local server

    local function with_bus(manner, modem)
      with_systemd(modem)
      assert(sys.make_folder(machine.root .. "/var/run/dbus"))
      server = fake_dbus.start(machine.root .. "/var/run/dbus/system_bus_socket", manner)
    end

    it("is inhibited for this modem, and no longer at the end", function()
      with_bus "accept"
      local job = machine:job()
      assert.is_true(services.pause(job))
      assert.equal("InhibitDevice " .. uid .. " true", server:line())
      job:finalize()
      assert.equal("gone", server:line())
      assert.same({}, machine:calls())
      assert.same({}, machine.warnings)
    end)

    it("is inhibited again when it crashed and is back", function()
      with_bus "accept"
      assert(sys.remove(machine.root .. "/usr/bin/systemctl"))
      local job = machine:job()
      assert.is_true(services.pause(job))
      assert.equal("InhibitDevice " .. uid .. " true", server:line())
      services.keep_paused(job)
      machine:end_process(812)
      services.keep_paused(job, true)
      machine:process(900, "ModemManager")
      services.keep_paused(job, true)
      services.keep_paused(job, true)
      assert.equal("InhibitDevice " .. uid .. " true", server:line())
      job:finalize()
      assert.same({ "gone", "gone" }, { server:line(), server:line() })
      assert.same({}, machine.warnings)
    end)

    it("is inhibited when it has probed the modem", function()
      with_bus "probe"
      assert(sys.remove(machine.root .. "/usr/bin/systemctl"))
      local clock, now = sys.clock_ms, 0
      finally(function() sys.clock_ms = clock end)
      sys.clock_ms = function() return now end
      sys.sleep_ms = function(ms)
        now = now + ms
        return true
      end
      local job = machine:job()
      assert.is_true(services.pause(job))
      assert.same({}, machine.warnings)
      assert.truthy(machine.says[1].message:find("ModemManager probes the modem", 1, true))
    end)

    it("is not started by the job that stopped it while another needs it stopped", function()
      with_bus "accept"
      local job, held = machine:job(), assert(lock.take_socket(machine.root, "1-6"))
      assert.is_true(services.pause(job))
      assert.equal("", machine:read(paused_file))
      local other = machine:job()
      other.device = modems.copy(other.device, { place = "2-4", peer = "1-7", speed = 5000 })
      assert.is_true(services.pause(other))
      machine:end_process(812)
      other:finalize()
      assert.same({ "systemctl stop ModemManager.service" }, changes())
      job:finalize()
      held:release()
      assert.equal("systemctl start ModemManager.service", changes()[2])
      assert.same({}, machine.warnings)
    end)

    it("is inhibited for a user who is not root, where the rules of the bus allow that", function()
      with_bus("accept", modems.running)
      without_root()
      local job = machine:job()
      assert.is_nil(services.obstacle(machine.root, job.device))
      assert.equal("InhibitDevice /sys/none false", server:line())
      assert.equal("gone", server:line())
      assert.is_true(services.pause(job))
      assert.truthy(server:line():find("usb2/2-3 true", 1, true))
      job:finalize()
      assert.same({}, machine:calls())
      assert.same({}, machine.warnings)
    end)

    it("is not waited for when such a user is denied to inhibit it", function()
      with_bus "deny"
      without_root()
      sys.sleep_ms = function() error "waits" end
      assert.truthy(assert_needs_root "ModemManager":find("Rejected send message", 1, true))
    end)

    it("is stopped when it refuses to inhibit the modem", function()
      with_bus "refuse"
      local job = machine:job()
      assert.is_true(services.pause(job))
      assert.same({ "systemctl stop ModemManager.service" }, changes())
      job:finalize()
      assert.same({}, machine.warnings)
    end)

    it("is stopped for a modem whose loader comes up at another place", function()
      with_bus("accept", modems.running)
      assert.is_true(services.pause(machine:job()))
      assert.same({ "systemctl stop ModemManager.service" }, changes())
    end)

    it("is asked to inhibit that one, too, when it cannot be stopped", function()
      with_bus("accept", modems.running)
      assert(sys.remove(machine.root .. "/usr/bin/systemctl"))
      local job = machine:job()
      assert.is_true(services.pause(job))
      assert.truthy(server:line():find("usb2/2-3 true", 1, true))
      job:finalize()
    end)
  end)
end
