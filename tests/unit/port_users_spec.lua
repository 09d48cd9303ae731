-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Programs that have ports of the modem open, found in a fake /proc.
local failure = require "moonflash.base.failure"
local fake_machine = require "tests.fakes.machine"
local modems = require "tests.fakes.modems"
local port_users = require "moonflash.host.port_users"
local sys = require "moonflash.core.sys"

describe("users of a modem's ports", function()
  local machine

  before_each(function()
    machine = fake_machine.new(modems.running)
    -- each port leads to a device of its own
    for name, target in pairs { ["cdc-wdm0"] = "/dev/zero", ["ttyUSB6"] = "/dev/full" } do
      assert(sys.remove(machine.root .. "/dev/" .. name))
      assert(sys.symlink(target, machine.root .. "/dev/" .. name))
    end
    machine:process(1, "init", { "/dev/console" })
  end)

  after_each(function() machine:remove() end)

  it("are named with process and port", function()
    machine:process(812, "ModemManager", { "/dev/other", "/dev/cdc-wdm0" })
    machine:process(90, "minicom", { "/dev/ttyUSB6" })
    local passed, problem = port_users.check(machine:job(), false)
    assert.is_nil(passed)
    assert.equal("device.busy", problem.code)
    local root = machine.root
    assert.equal(("minicom (pid 90) uses %s/dev/ttyUSB6; ModemManager (pid 812) uses %s/dev/cdc-wdm0")
      :format(root, root), problem.evidence)
    assert.truthy(problem.hint:find("--skip holders", 1, true))
  end)

  it("are found when they opened the port by another name", function()
    machine:process(5, "socat")
    machine.tree:link("proc/5/fd/3", "/dev/zero")
    assert.truthy(port_users.words(machine:job()):find("socat (pid 5)", 1, true))
  end)

  it("are not this process, nor processes of another user", function()
    machine:process(sys.process_id(), "lua", { "/dev/cdc-wdm0" })
    machine:process(7, "secret")
    assert.is_true(port_users.check(machine:job(), false))
  end)

  it("are none without /proc", function()
    assert(sys.remove_tree(machine.root .. "/proc"))
    assert.is_true(port_users.check(machine:job(), false))
  end)

  it("may be skipped, with a warning", function()
    machine:process(812, "ModemManager", { "/dev/cdc-wdm0" })
    assert.is_true(port_users.check(machine:job { skip = { holders = true } }, false))
    assert.truthy(machine.warnings[1].message:find("ModemManager (pid 812)", 1, true))
  end)

  it("are asked through the proxy when it has the port", function()
    local job = machine:job()
    assert.is_false(port_users.has_proxy(job))
    machine:process(812, "ModemManager", { "/dev/cdc-wdm0" })
    assert.is_false(port_users.has_proxy(job))
    machine:process(813, "qmi-proxy", { "/dev/cdc-wdm0" })
    assert.is_true(port_users.has_proxy(job))
  end)

  it("share the port with a query, not with a job that changes the modem", function()
    local qmi, asked = require "moonflash.protocol.qmi", {}
    local open = qmi.open
    finally(function() qmi.open = open end)
    qmi.open = function(_, options)
      asked[#asked + 1] = options.proxy or false
      return nil, failure.new("qmi.closed", "no answer")
    end
    machine:process(813, "qmi-proxy", { "/dev/cdc-wdm0" })
    local job = machine:job()
    job.refresh_device = function() return true end
    job:qmi()
    job.changing = true
    job:qmi()
    assert.same({ true, false }, asked)
  end)

  it("may be the proxy with --proxy", function()
    machine:process(9, "qmi-proxy", { "/dev/cdc-wdm0" })
    assert.is_true(port_users.check(machine:job { proxy = true }, false))
    assert.is_nil(port_users.check(machine:job(), false))
  end)

  it("have a moment to close the port when they were paused", function()
    machine:process(812, "ModemManager", { "/dev/cdc-wdm0" })
    local sleep, slept = sys.sleep_ms, 0
    finally(function() sys.sleep_ms = sleep end)
    sys.sleep_ms = function()
      slept = slept + 1
      if slept == 3 then machine:end_process(812) end
      return true
    end
    assert.is_true(port_users.check(machine:job(), true))
    assert.equal(3, slept)
  end)
end)
