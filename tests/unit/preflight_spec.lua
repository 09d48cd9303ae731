-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The checks before an update: each finding once, and no finding where nothing is wrong.
local fake = require "tests.fakes.sysfs"
local fake_machine = require "tests.fakes.machine"
local failure = require "moonflash.base.failure"
local modems = require "tests.fakes.modems"
local preflight = require "moonflash.host.preflight"
local sys = require "moonflash.core.sys"

local machine
local function build(modem, files)
  machine = fake_machine.new(modem, files)
  return machine
end

after_each(function()
  if machine then machine:remove() end
  machine = nil
end)

local usb2 = modems.copy(modems.running, { place = "1-6", peer = "2-3", speed = 480 })
local waiting = modems.copy(modems.waiting, { place = "1-1.4", peer = false })
local mbim = modems.copy(usb2, { interfaces = { fake.mbim("cdc-wdm0", "wwan0") } })

-- The findings by name.
local function found(job)
  local names = {}
  for _, finding in ipairs(preflight.look(job)) do
    assert(finding.message and finding.evidence and finding.hint)
    names[finding.name] = finding
  end
  return names
end

-- The only finding; it refuses the job, or is a warning.
local function only(name, refuses, options)
  local job = machine:job(options)
  local all = found(job)
  assert.is_table(all[name], "nothing was found")
  assert.same({ [name] = all[name] }, all)
  local passed, problem = preflight.check(job)
  if refuses then
    assert.is_nil(passed)
    assert.equal("preflight." .. name, problem.code)
    assert.truthy(failure.hint(problem):find("--skip " .. name, 1, true))
    assert.same({}, machine.warnings)
    job.options.skip = { [name] = true }
    assert.is_true(preflight.check(job))
  end
  if not refuses then assert.is_true(passed, tostring(problem)) end
  assert.equal(1, #machine.warnings)
  assert.equal("preflight." .. name, machine.warnings[1].code)
  return all[name], problem
end

local aliases = "lib/modules/6.1.0/modules.alias"
local function kernel(...)
  local lines = {}
  for index, ids in ipairs { ... } do
    lines[index] = ("alias usb:v%sp%sd*dc*dsc*dp*ic*isc*ip*in* qcserial\n"):format(ids:sub(1, 4), ids:sub(6))
  end
  return { ["proc/sys/kernel/osrelease"] = "6.1.0\n", [aliases] = table.concat(lines) }
end

-- A program `ip` by which these addresses are reached through wwan0 and all others through eth0.
local function with_routes(pattern)
  machine:program("sbin/ip", ('case "$4" in %s) name=wwan0;; *) name=eth0;; esac\n'
    .. 'echo "$4 via 198.51.100.1 dev $name src 198.51.100.9 uid 0"'):format(pattern))
end

describe("preflight finds", function()
  it("a port that is a plain file", function()
    build(usb2)
    assert(sys.remove(machine.root .. "/dev/cdc-wdm0"))
    assert(sys.write_file(machine.root .. "/dev/cdc-wdm0", "AT\n"))
    local finding = only("node", true)
    assert.truthy(finding.evidence:find("/dev/cdc-wdm0 has 3 bytes", 1, true))
  end)

  it("a port without permission", function()
    build(waiting)
    local access = sys.access
    finally(function() sys.access = access end)
    sys.access = function() return nil, failure.new("sys.denied", "no") end
    assert.truthy(only("permission", true).evidence:find("/dev/ttyUSB4", 1, true))
  end)

  it("no driver for the control port", function()
    build(modems.copy(usb2, { interfaces = { fake.serial(0, "ttyUSB0"), fake.qmi(8) } }))
    local finding = only("driver", true)
    assert.truthy(finding.hint:find("kmod-usb-net-qmi-wwan", 1, true))
  end)

  it("no driver for any serial port", function()
    build(modems.copy(usb2, { interfaces = { fake.serial(0), fake.serial(3), fake.qmi(8, "cdc-wdm0") } }))
    assert.truthy(only("driver", true).hint:find("kmod-usb-serial-qualcomm", 1, true))
  end)

  it("no driver for the download port", function()
    build(modems.copy(waiting, { interfaces = { fake.serial(0) } }))
    only("driver", true)
  end)

  it("a kernel that does not know the download id", function()
    build(usb2, kernel("1199:9071", "413C:81B5"))
    local finding = only("driver", true)
    assert.truthy(finding.message:find("1199:9070", 1, true))
    assert.truthy(finding.hint:find("--bind-driver", 1, true))
  end)

  it("a kernel that knows only another vendor's download id", function()
    build(modems.copy(usb2, { vid = "413c", pid = "81b6" }), kernel "1199:9070")
    assert.truthy(only("driver", true).message:find("413c:81b5", 1, true))
  end)

  it("a login over the modem", function()
    build(usb2, { ["proc/self/environ"] = "HOME=/root\0SSH_CONNECTION=203.0.113.9 50000 10.0.0.2 22\0" })
    with_routes "203.0.113.9"
    assert.truthy(only("session", true).evidence:find("203.0.113.9 is wwan0", 1, true))
    assert.equal("ip -4 route get 203.0.113.9", machine:calls()[1])
  end)

  it("a login over the modem, in the environment of an ancestor and by IPv6", function()
    build(usb2, {
      ["proc/self/status"] = "Name:\tlua\nPPid:\t77\n", ["proc/77/status"] = "PPid:\t70\n",
      ["proc/70/environ"] = "SSH_CONNECTION=2001:db8::9 50000 2001:db8:1::2 22\0",
    })
    with_routes "2001:db8::9"
    only("session", true)
    assert.equal("ip -6 route get 2001:db8::9", machine:calls()[1])
  end)

  it("a login by an address of a link", function()
    build(usb2, { ["proc/self/environ"] = "SSH_CONNECTION=fe80::7%wwan0 5 fe80::8%wwan0 22\0" })
    only("session", true)
  end)

  it("too little memory", function()
    build(usb2, { ["proc/meminfo"] = "MemTotal: 60000 kB\nMemAvailable:    9000 kB\n" })
    assert.truthy(only("memory", true).evidence:find("9000 kB available, 10240 kB needed", 1, true))
    assert.same({}, found(machine:job { chunk_size = 65536 }))
  end)

  it("autosuspend that cannot be switched off", function()
    build(usb2)
    machine.tree:write("sys/bus/usb/devices/1-6/power/control", "auto\n")
    local access = sys.access
    finally(function() sys.access = access end)
    sys.access = function(path, wanted)
      if wanted == "w" then return nil, failure.new("sys.denied", "no") end
      return access(path, wanted)
    end
    only("autosuspend", false)
  end)

  it("a slow link", function()
    build(modems.copy(usb2, { speed = 12 }))
    only("power", false)
  end)

  it("a hub without a supply", function()
    build(modems.copy(usb2, { place = "1-4.2", peer = false }))
    machine.tree:write("sys/bus/usb/devices/1-4.2/bMaxPower", "500mA\n")
    machine.tree:write("sys/bus/usb/devices/1-4/bmAttributes", "a0\n")
    assert.truthy(only("power", false).evidence:find("500 mA, hub 1-4", 1, true))
  end)

  it("a low battery", function()
    local supply = "sys/class/power_supply/BAT0/"
    build(usb2, { [supply .. "type"] = "Battery\n", [supply .. "capacity"] = "9\n",
      [supply .. "status"] = "Discharging\n" })
    assert.truthy(only("power", false).evidence:find("BAT0: 9 %", 1, true))
  end)

  local virtual = {
    QEMU = { ["sys/class/dmi/id/sys_vendor"] = "QEMU\n" },
    VirtualBox = { ["sys/class/dmi/id/product_name"] = "VirtualBox\n" },
    ["Hyper-V"] = { ["sys/class/dmi/id/product_name"] = "Virtual Machine\n" },
    WSL = { ["proc/sys/kernel/osrelease"] = "5.15.90.1-microsoft-standard-WSL2\n" },
    Xen = { ["sys/class/dmi/id/sys_vendor"] = "Xen\n" },
  }
  for name, files in pairs(virtual) do
    it("a virtual machine of " .. name .. ", and names the ids of all modes", function()
      build(usb2, files)
      local job = machine:job()
      local finding = found(job).hypervisor
      assert.is_true(preflight.check(job))
      assert.same({}, machine.warnings) -- only plan warns of it
      preflight.check(job, true)
      assert.equal("preflight.hypervisor", machine.warnings[1].code)
      local path, text = next(files)
      assert.equal(("/%s is %s"):format(path, text:match "[^\n]+"), finding.evidence)
      for _, ids in ipairs { "1199:9071", "1199:9070" } do
        assert.truthy(finding.hint:find(ids, 1, true), ids)
      end
    end)
  end

  it("a virtual machine, told when the modem is not found again", function()
    build(usb2, virtual.QEMU)
    local job = machine:job()
    assert.is_true(preflight.check(job))
    local other = failure.new("qmi.timeout", "no answer")
    preflight.advise(job, other)
    assert.equal("run the same command again", failure.hint(other))
    local lost = failure.new("device.not_seen", "the modem did not come back", { evidence = "left" })
    preflight.advise(job, lost)
    assert.equal("left; this is a virtual machine", lost.evidence)
    assert.truthy(lost.hint:find("ids of all its modes", 1, true))
    assert.truthy(lost.hint:find("replug the modem", 1, true))
  end)

  it("several things, and refuses for the first", function()
    build(modems.copy(usb2, { speed = 12 }), { ["proc/meminfo"] = "MemAvailable: 12 kB\n",
      ["proc/sys/kernel/osrelease"] = "6.1.0\n", [aliases] = "alias usb:v1199p9071d* qcserial\n" })
    local job = machine:job()
    local _, problem = preflight.check(job)
    assert.equal("preflight.driver", problem.code)
    assert.equal(2, #machine.warnings)
  end)
end)

describe("preflight prepares", function()
  local control = "sys/bus/usb/devices/1-6/power/control"

  it("autosuspend, and restores it at the end", function()
    build(usb2)
    machine.tree:write(control, "auto\n")
    local job = machine:job()
    assert.is_true(preflight.check(job))
    assert.is_true(preflight.prepare(job))
    assert.equal("on", machine:read(control))
    job:finalize()
    assert.equal("auto", machine:read(control))
  end)

  it("autosuspend again each time the modem is back, and restores it once", function()
    build(usb2)
    machine.tree:write(control, "auto\n")
    local job = machine:job()
    assert.is_true(preflight.prepare(job))
    for _ = 1, 2 do
      machine.tree:write(control, "auto\n") -- a rule of udev does so for each new device
      preflight.prepare_again(job)
      assert.equal("on", machine:read(control))
    end
    assert.equal(1, #job.finalizers)
    job:finalize()
    assert.equal("auto", machine:read(control))
  end)

  it("autosuspend after udev has applied its rules", function()
    build(usb2, { ["run/udev/control"] = "", ["sys/bus/usb/devices/1-6/dev"] = "189:5\n" })
    machine.tree:write(control, "on\n")
    local sleep_ms = sys.sleep_ms
    finally(function() sys.sleep_ms = sleep_ms end)
    sys.sleep_ms = function()
      machine.tree:write(control, "auto\n")
      machine.tree:write("run/udev/data/c189:5", "")
    end
    assert.is_true(preflight.prepare(machine:job()))
    assert.equal("on", machine:read(control))
  end)

  it("nothing again that it did not prepare", function()
    build(usb2)
    machine.tree:write(control, "auto\n")
    preflight.prepare_again(machine:job())
    assert.equal("auto\n", machine:read(control))
  end)

  it("nothing that is skipped", function()
    build(usb2)
    machine.tree:write(control, "auto\n")
    local job = machine:job { skip = { autosuspend = true } }
    assert.is_true(preflight.prepare(job))
    assert.equal("auto\n", machine:read(control))
  end)

  local new_id = "sys/bus/usb-serial/drivers/option1/new_id"

  it("a driver for unknown ids, with --bind-driver", function()
    build(usb2, kernel "1199:9071")
    machine.tree:write(new_id, "")
    local job = machine:job { bind_driver = true }
    assert.is_true(preflight.check(job))
    assert.is_true(preflight.prepare(job))
    assert.equal("1199 9070", machine:read(new_id))
    assert.same({}, found(machine:job()))
  end)

  it("a driver for the download ids of a modem without any serial port", function()
    build(modems.copy(usb2, { interfaces = { fake.serial(0), fake.qmi(8, "cdc-wdm0") } }))
    machine.tree:write(new_id, "")
    assert.is_true(preflight.prepare(machine:job { bind_driver = true }))
    assert.equal("1199 9070", machine:read(new_id))
  end)

  it("no driver for known ids, and none without --bind-driver", function()
    build(usb2, kernel("1199:9070"))
    machine.tree:write(new_id, "")
    assert.is_true(preflight.prepare(machine:job { bind_driver = true }))
    assert.is_true(preflight.prepare(machine:job()))
    assert.equal("", machine:read(new_id))
  end)

  it("nothing where no driver takes ids, and fails", function()
    build(usb2, kernel "1199:9071")
    local passed, problem = preflight.check(machine:job { bind_driver = true })
    assert.is_nil(passed)
    assert.equal("preflight.driver", problem.code)
  end)

  it("the driver of a modem in download mode, or fails because it is still missing", function()
    build(modems.copy(waiting, { interfaces = { fake.serial(0) } }))
    machine.tree:write(new_id, "")
    local done, problem = preflight.prepare(machine:job { bind_driver = true })
    assert.is_nil(done)
    assert.equal("preflight.driver", problem.code)
    assert.equal("1199 9070", machine:read(new_id))
    machine.tree:bind("1-1.4", 0, "option")
    machine.tree:add_node("1-1.4", 0, "tty", "ttyUSB7")
    local job = machine:job { bind_driver = true }
    assert.is_true(preflight.prepare(job))
    assert.equal(machine.root .. "/dev/ttyUSB7", job.device.nodes.qdl)
  end)
end)

-- Computers and modems with nothing wrong.
local supplies, dmi = "sys/class/power_supply/", "sys/class/dmi/id/"
local healthy = {
  ["an MC7455 on USB 3"] = { modems.running },
  ["an MC7455 on USB 2"] = { usb2 },
  ["an MC7455 in download mode"] = { waiting },
  ["a modem with MBIM alone"] = { mbim },
  ["a Dell card"] = { modems.copy(usb2, { vid = "413c", pid = "81b6" }), kernel("413C:81B5") },
  ["an MC7354"] = { modems.copy(usb2, { pid = "68c0" }), kernel("1199:68C0") },
  ["an EM7305 without an AT port"] = { modems.copy(usb2, { pid = "9063", interfaces = {
    fake.serial(0, "ttyUSB0"), fake.serial(2, "ttyUSB1"), fake.qmi(8, "cdc-wdm0", "wwan0") } }) },
  ["one serial port without a driver"] = { modems.copy(usb2, { interfaces = {
    fake.serial(0, "ttyUSB0"), fake.serial(2), fake.qmi(8, "cdc-wdm0") } }) },
  ["a second control port without a driver"] = { modems.copy(usb2, { interfaces = {
    fake.serial(0, "ttyUSB0"), fake.qmi(8, "cdc-wdm0"), fake.qmi(10) } }) },
  ["a kernel with qcserial as a module"] = { usb2, kernel("1199:9071", "1199:9070") },
  ["a kernel with qcserial built in"] = { usb2, { ["proc/sys/kernel/osrelease"] = "6.1.0\n",
    [aliases] = "alias usb:v0001p0002d* cdc_acm\n" } },
  ["OpenWrt without aliases"] = { usb2, { ["proc/sys/kernel/osrelease"] = "5.15.150\n",
    ["etc/config/network"] = "config interface 'lan'\n", ["proc/meminfo"] = "MemAvailable: 24000 kB\n" } },
  ["an old kernel without MemAvailable"] = { usb2, {
    ["proc/meminfo"] = "MemTotal: 60000 kB\nMemFree: 900 kB\n" } },
  ["a login over Ethernet"] = { usb2, { ["proc/self/environ"] = "SSH_CONNECTION=192.0.2.1 5 192.0.2.2 22\0" },
    function() with_routes "203.0.113.9" end },
  ["a login over Ethernet by IPv6 mapped"] = { usb2, {
    ["proc/self/environ"] = "SSH_CONNECTION=::ffff:192.0.2.1 5 ::ffff:192.0.2.2 22\0" },
    function() with_routes "::ffff:192.0.2.1" end },
  ["a login without a program ip"] = { usb2, {
    ["proc/self/environ"] = "SSH_CONNECTION=192.0.2.1 5 192.0.2.2 22\0" } },
  ["a login at the console, with a default route over the modem"] = { usb2, {
    ["proc/self/environ"] = "HOME=/root\0" }, function() with_routes "*" end },
  ["a laptop on its supply"] = { usb2, { [supplies .. "BAT0/type"] = "Battery\n",
    [supplies .. "BAT0/status"] = "Charging\n", [supplies .. "BAT0/capacity"] = "5\n" } },
  ["a laptop on a full battery"] = { usb2, { [supplies .. "BAT0/type"] = "Battery\n",
    [supplies .. "BAT0/status"] = "Discharging\n", [supplies .. "BAT0/capacity"] = "80\n" } },
  ["a mouse with a low battery"] = { usb2, { [supplies .. "hid/type"] = "Battery\n",
    [supplies .. "hid/scope"] = "Device\n", [supplies .. "hid/status"] = "Discharging\n",
    [supplies .. "hid/capacity"] = "3\n" } },
  ["a computer of Microsoft's"] = { usb2, { [dmi .. "sys_vendor"] = "Microsoft Corporation\n",
    [dmi .. "product_name"] = "Surface Pro\n" } },
  ["a computer of Dell's"] = { usb2, { [dmi .. "sys_vendor"] = "Dell Inc.\n",
    [dmi .. "product_name"] = "Latitude E7470\n" } },
  ["the first domain of Xen"] = { usb2, { ["sys/hypervisor/type"] = "xen\n" } },
  ["a hub with a supply"] = { modems.copy(usb2, { place = "1-4.2", peer = false }), {
    ["sys/devices/pci0000:00/0000:00:14.0/usb1/1-4/1-4.2/bMaxPower"] = "500mA\n" } },
}

describe("preflight finds nothing at", function()
  for name, setup in pairs(healthy) do
    it(name, function()
      build(setup[1], setup[2])
      if setup[3] then setup[3]() end
      local job = machine:job()
      local passed, problem = preflight.check(job)
      assert.is_true(passed, tostring(problem))
      assert.same({}, machine.warnings)
    end)
  end
end)
