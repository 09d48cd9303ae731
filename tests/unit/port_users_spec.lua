-- Who has the modem's ports open, from a /proc of our own.
local fake_machine = require "tests.fake_machine"
local holders = require "moonflash.host.port_users"
local modems = require "tests.fake_modems"
local sys = require "moonflash.core.sys"

describe("holders of a modem's ports", function()
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

  it("are named with their process and port", function()
    machine:process(812, "ModemManager", { "/dev/other", "/dev/cdc-wdm0" })
    machine:process(90, "minicom", { "/dev/ttyUSB6" })
    local passed, problem = holders.check(machine:job(), false)
    assert.is_nil(passed)
    assert.equal("device.busy", problem.code)
    local root = machine.root
    assert.equal(("minicom (pid 90) holds %s/dev/ttyUSB6; ModemManager (pid 812) holds %s/dev/cdc-wdm0")
      :format(root, root), problem.evidence)
    assert.truthy(problem.hint:find("--skip holders", 1, true))
  end)

  it("are known by what the port leads to", function()
    machine:process(5, "socat")
    machine.tree:link("proc/5/fd/3", "/dev/zero")
    assert.equal(5, holders.of(machine.root, machine:job().device)[1].pid)
  end)

  it("are not this process, nor those that may not be looked at", function()
    machine:process(sys.process_id(), "lua", { "/dev/cdc-wdm0" })
    machine:process(7, "secret")
    assert.is_true(holders.check(machine:job(), false))
  end)

  it("are none without /proc", function()
    assert(sys.remove_tree(machine.root .. "/proc"))
    assert.is_true(holders.check(machine:job(), false))
  end)

  it("may be skipped, which is said", function()
    machine:process(812, "ModemManager", { "/dev/cdc-wdm0" })
    assert.is_true(holders.check(machine:job { skip = { holders = true } }, false))
    assert.truthy(machine.warnings[1].message:find("ModemManager (pid 812)", 1, true))
  end)

  it("may be the proxy, when we go through it", function()
    machine:process(9, "qmi-proxy", { "/dev/cdc-wdm0" })
    assert.is_true(holders.check(machine:job { proxy = true }, false))
    assert.is_nil(holders.check(machine:job(), false))
  end)

  it("have a moment to let go when they were paused", function()
    machine:process(812, "ModemManager", { "/dev/cdc-wdm0" })
    local sleep, slept = sys.sleep_ms, 0
    finally(function() sys.sleep_ms = sleep end)
    sys.sleep_ms = function()
      slept = slept + 1
      if slept == 3 then machine:end_process(812) end
      return true
    end
    assert.is_true(holders.check(machine:job(), true))
    assert.equal(3, slept)
  end)
end)
