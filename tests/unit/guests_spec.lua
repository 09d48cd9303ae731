-- Pausing those who use the modem, and giving back: in the end, after a failure, and after a crash.
local fake_bus = require "tests.fake_bus"
local fake_machine = require "tests.fake_machine"
local guests = require "moonflash.host.services"
local lock = require "moonflash.host.lock"
local modems = require "tests.fake_modems"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local machine
after_each(function()
  support.finish()
  if machine then machine:remove() end
  machine = nil
end)

local usb2 = modems.copy(modems.running, { place = "1-6", peer = "2-3", speed = 480 })
local journal = "run/moonflash/1-6.paused"

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

-- OpenWrt's netifd; `up` says which interfaces were not taken down by hand.
local function with_netifd(config, up)
  machine = fake_machine.new(usb2, { ["etc/config/network"] = config })
  machine:program("bin/ubus", ('case "$2" in %s) echo \'{ "up": false, "autostart": true }\';; '
    .. '*) echo \'{ "autostart": false }\';; esac'):format(up))
  machine:program "sbin/ifdown"
  machine:program "sbin/ifup"
end

local function changes()
  local lines = {}
  for _, line in ipairs(machine:calls()) do
    if not line:find "^ubus" then lines[#lines + 1] = line end
  end
  return lines
end

describe("pausing", function()
  it("is nothing where nobody uses the modem", function()
    machine = fake_machine.new(usb2)
    machine:program "usr/bin/systemctl"
    assert.is_false(guests.pause(machine:job()))
    assert.same({}, machine:calls())
    assert.is_nil(machine:read(journal))
  end)

  it("stops and starts the service of systemd, and keeps a journal meanwhile", function()
    with_systemd()
    local job = machine:job()
    assert.is_true(guests.pause(job))
    assert.equal("systemd ModemManager.service\n", machine:read(journal))
    job:finalize()
    assert.same({ "systemctl stop ModemManager.service", "systemctl start ModemManager.service" }, changes())
    assert.is_nil(machine:read(journal))
    assert.same({}, machine.warnings)
  end)

  it("writes the journal before anything is paused", function()
    with_systemd()
    machine:program("usr/bin/systemctl", ("cat %s/%s >>%s/calls"):format(machine.root, journal, machine.root))
    assert.is_true(guests.pause(machine:job()))
    assert.same({ "systemctl stop ModemManager.service", "systemd ModemManager.service" }, changes())
  end)

  it("stops and starts the service of procd", function()
    with_procd()
    local job = machine:job()
    assert.is_true(guests.pause(job))
    job:finalize()
    assert.same({ "modemmanager stop", "modemmanager start" }, changes())
  end)

  it("warns when ModemManager runs and nothing stops it", function()
    with_modem_manager()
    assert.is_false(guests.pause(machine:job()))
    assert.equal(1, #machine.warnings)
  end)

  it("warns when its service cannot be stopped, and starts it all the same", function()
    with_systemd()
    machine:program("usr/bin/systemctl", '[ "$1" = start ]')
    local job = machine:job()
    assert.is_false(guests.pause(job))
    assert.truthy(machine.warnings[1].message:find("exit status 1", 1, true))
    job:finalize()
    assert.equal("systemctl start ModemManager.service", changes()[2])
  end)

  it("leaves all alone when told", function()
    with_systemd()
    assert.is_false(guests.pause(machine:job { keep_services = true }))
    assert.same({}, machine:calls())
  end)

  it("takes down the network interfaces that use the modem, and no other", function()
    with_netifd([[
config interface 'lan'
	option device 'br-lan'
config interface 'wwan'
	option proto 'qmi'
	option device '/dev/cdc-wdm0'
config interface 'static'
	option device "wwan1"
config interface down
	option device /dev/ttyUSB6
config interface 'any'
	option proto 'wwan'
	option bus '1-6'
config interface 'mm'
	option proto 'modemmanager'
	option device '/sys/devices/pci0000:00/0000:00:14.0/usb1/1-6'
config device
	option name 'x'
	option device '/dev/cdc-wdm0'
]], "network.interface.wwan|network.interface.static|network.interface.any|network.interface.mm")
    local job = machine:job()
    assert.is_true(guests.pause(job))
    assert.equal("interface wwan\ninterface static\ninterface any\ninterface mm\n", machine:read(journal))
    job:finalize()
    assert.same({ "ifdown wwan", "ifdown static", "ifdown any", "ifdown mm",
      "ifup mm", "ifup any", "ifup static", "ifup wwan" }, changes())
  end)

  it("fails when an interface cannot be taken down, and gives it back", function()
    with_netifd("config interface 'wwan'\n\toption device 'wwan0'\n", "network.interface.wwan")
    machine:program("sbin/ifdown", "exit 3")
    local job = machine:job()
    local paused, problem = guests.pause(job)
    assert.equal("sys.program", support.code_of(paused, problem))
    job:finalize()
    assert.same({ "ifdown wwan", "ifup wwan" }, changes())
  end)

  it("keeps in the journal what could not be given back", function()
    with_systemd()
    machine:program("usr/bin/systemctl", '[ "$1" = stop ]')
    local job = machine:job()
    assert.is_true(guests.pause(job))
    job:finalize()
    assert.equal("sys.program", machine.warnings[1].code)
    assert.equal("systemd ModemManager.service\n", machine:read(journal))
  end)

  it("is told to plans in words", function()
    with_systemd()
    assert.same({ "ModemManager" }, guests.list(machine.root, machine:job().device))
  end)
end)

describe("a run after a crash", function()
  before_each(function()
    with_systemd()
    guests.pause(machine:job()) -- and this job never ends
  end)

  it("gives back what was left paused", function()
    guests.give_back_left(machine:job())
    assert.equal("systemctl start ModemManager.service", changes()[2])
    assert.is_nil(machine:read(journal))
  end)

  it("leaves alone what a run that is at work has paused", function()
    local held = assert(lock.take_socket(machine.root, "1-6"))
    guests.give_back_left(machine:job())
    held:release()
    assert.equal(1, #changes())
    assert.truthy(machine:read(journal))
  end)

  it("tries again when that fails", function()
    machine:program("usr/bin/systemctl", "exit 1")
    guests.give_back_left(machine:job())
    assert.equal(1, #machine.warnings)
    assert.truthy(machine:read(journal))
  end)

  it("passes over what it does not understand", function()
    machine.tree:write(journal, "elsewhere thing\n\0\ninterface\n")
    guests.give_back_left(machine:job())
    assert.equal(1, #changes())
  end)
end)

describe("a signal", function()
  it("does not keep a service from coming back", function()
    with_systemd()
    machine:program("usr/bin/systemctl",
      ("kill -INT $PPID && sleep 0.2; echo $1 >>%s/done"):format(machine.root))
    local run = support.run(support.lua([[
      local system, sys = require "moonflash.host.system", require "moonflash.core.sys"
      sys.catch_signals()
      print(system.run({ ..., "start", "ModemManager.service" }, 5000), (sys.interrupts()))]],
      machine.root .. "/usr/bin/systemctl"))
    assert.equal("true\t1\n", run.stdout, run.stderr)
    assert.equal("start\n", machine:read "done")
  end)
end)

describe("two runs at once", function()
  local one, other, locks

  -- A run on a modem of its own, at work: its lock is held.
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
    assert.is_true(guests.pause(one))
    assert.is_true(guests.pause(other))
    ends(one)
    assert.is_nil(changes()[3]) -- each has stopped it
    ends(other)
    assert.equal("systemctl start ModemManager.service", changes()[3])
    assert.is_nil(changes()[4])
  end)

  it("do not wait for one that was killed", function()
    guests.pause(one)
    guests.pause(other)
    locks["1-1"]:release()
    ends(other)
    assert.equal("systemctl start ModemManager.service", changes()[3])
    guests.give_back_left(machine:job())
    assert.is_nil(machine:read "run/moonflash/1-1.paused")
  end)

  it("that come after a killed one do not take the service from the other", function()
    guests.pause(one)
    guests.pause(other)
    locks["1-1"]:release()
    guests.give_back_left(machine:job())
    assert.is_nil(changes()[3])
    ends(other)
    assert.equal("systemctl start ModemManager.service", changes()[3])
  end)

  it("leave a service off that neither has stopped", function()
    machine:end_process(812)
    assert.is_false(guests.pause(one))
    assert.is_false(guests.pause(other))
    assert.same({}, changes())
  end)
end)

if fake_bus.program then
  describe("ModemManager on the bus", function()
    local uid = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-6"
    local server

    local function with_bus(manner, modem)
      with_systemd(modem)
      assert(sys.make_folder(machine.root .. "/run/dbus"))
      server = fake_bus.start(machine.root .. "/run/dbus/system_bus_socket", manner)
    end

    it("is asked to leave this one modem alone, and given it back", function()
      with_bus "accept"
      local job = machine:job()
      assert.is_true(guests.pause(job))
      assert.equal("InhibitDevice " .. uid .. " true", server:line())
      job:finalize()
      assert.equal("InhibitDevice " .. uid .. " false", server:line())
      assert.equal("gone", server:line())
      assert.same({}, machine:calls())
    end)

    it("is not started for the one that stopped it while another counts on it", function()
      with_bus "accept"
      local job, held = machine:job(), assert(lock.take_socket(machine.root, "1-6"))
      assert.is_true(guests.pause(job))
      assert.equal("kept-systemd ModemManager.service\n", machine:read(journal))
      local other = machine:job()
      other.device = modems.copy(other.device, { place = "2-4", peer = "1-7", speed = 5000 })
      assert.is_true(guests.pause(other))
      machine:end_process(812)
      other:finalize()
      assert.same({ "systemctl stop ModemManager.service" }, changes())
      job:finalize()
      held:release()
      assert.equal("systemctl start ModemManager.service", changes()[2])
      assert.same({}, machine.warnings)
    end)

    it("is stopped when it does not know the modem", function()
      with_bus "refuse"
      local job = machine:job()
      assert.is_true(guests.pause(job))
      assert.same({ "systemctl stop ModemManager.service" }, changes())
      job:finalize()
      assert.same({}, machine.warnings)
    end)

    it("is stopped for a modem whose loader comes up at another place", function()
      with_bus("accept", modems.running)
      assert.is_true(guests.pause(machine:job()))
      assert.same({ "systemctl stop ModemManager.service" }, changes())
    end)

    it("is asked for that one too when it cannot be stopped", function()
      with_bus("accept", modems.running)
      assert(sys.remove(machine.root .. "/usr/bin/systemctl"))
      local job = machine:job()
      assert.is_true(guests.pause(job))
      assert.truthy(server:line():find("usb2/2-3 true", 1, true))
      job:finalize()
    end)
  end)
end
