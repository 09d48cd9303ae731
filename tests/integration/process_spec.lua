-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Children of other programs, and waiting by trying again.
local failure = require "moonflash.base.failure"
local process = require "moonflash.base.process"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

before_each(support.watch)
after_each(function()
  sys.clear_interrupt()
  support.finish()
end)

describe("a program that is run", function()
  it("succeeds with status 0; its output is dropped", function()
    assert.is_true(process.run(support.lua "print 'hello'", 20000))
  end)

  it("fails with its status", function()
    local done, problem = process.run({ "false" }, 20000)
    assert.is_nil(done)
    assert.equal("sys.program", problem.code)
    assert.equal("false failed (exit status 1)", tostring(problem))
    assert.equal("sys.not_found", support.code_of(process.run({ "/no/such/program" }, 20000)))
  end)

  it("is killed with its children when it takes too long", function()
    local folder = support.folder()
    local argv = support.lua([[
      local sys = require "moonflash.core.sys"
      local pid = sys.spawn({ "sleep", "60" }, {})
      sys.write_file(..., tostring(pid))
      sys.wait(pid, 60000)]], folder .. "/pid")
    assert.equal("sys.timeout", support.code_of(process.output(argv, 500 * support.slowness)))
    local pid = tonumber(sys.read_file(folder .. "/pid"))
    assert.is_true(process.poll_until(sys.clock_ms() + 20000, 10, function()
      return not pid or not sys.kill(pid, "CONT"), nil, true
    end))
  end)

  it("that other code has waited for is not killed: its process id may be another one's", function()
    local child, kill, killed = assert(process.start { "true" }), sys.kill, false
    assert.equal(0, sys.wait(child.pid, 20000))
    sys.kill = function() killed = true end
    child:stop(20000)
    sys.kill = kill
    assert.is_false(killed)
  end)

  it("is not left half done because of a signal, which stays pending", function()
    local argv = support.lua([[
      local sys = require "moonflash.core.sys"
      sys.kill(tonumber((...)), "INT")
      sys.sleep_ms(50)
      print "whole"]], tostring(sys.process_id()))
    assert.equal("whole\n", process.output(argv, 20000))
    assert.equal(1, sys.pending_interrupts())
  end)
end)

describe("the output of a program", function()
  it("is given when it ends well", function()
    assert.equal("hello\n", process.output(support.lua "print 'hello'", 20000))
    assert.equal("sys.program", support.code_of(process.output(support.lua "print 'hello' os.exit(3)", 20000)))
  end)

  it("is read piece by piece; its end and its silence differ", function()
    local child = assert(process.start { "cat", "/dev/null" })
    assert.equal("sys.closed", support.code_of(child:read(20000)))
    assert.equal(0, child:wait(20000))
    assert.equal(0, child:wait(0))
    child:close()
    child = assert(process.start { "sleep", "60" })
    assert.equal("sys.timeout", support.code_of(child:read(1)))
    child:stop(20000)
    assert.equal(128 + 15, child:wait(0))
  end)

  it("may not be endless", function()
    local child = assert(process.start { "yes" })
    assert.equal("sys.failed", support.code_of(child:read_all(sys.clock_ms() + 60000)))
    child:stop()
    assert.equal(128 + 9, child:wait(0))
  end)
end)

describe("polling", function()
  local function failing(count, may_help)
    return function()
      count = count - 1
      if count < 0 then return "done" end
      return nil, failure.new("sys.locked", "taken"), may_help
    end
  end

  it("tries until it succeeds, or another try cannot help", function()
    assert.equal("done", process.poll_until(sys.clock_ms() + 20000, 1, failing(3, true)))
    assert.equal("sys.locked", support.code_of(process.poll_until(sys.clock_ms() + 20000, 1, failing(3, false))))
  end)

  it("tries once, and ends in time", function()
    assert.equal("done", process.poll_until(0, 1, failing(0, true)))
    assert.equal("sys.locked", support.code_of(process.poll_until(sys.clock_ms() + 20, 5, failing(1e9, true))))
  end)

  it("ends with a signal", function()
    assert(sys.kill(sys.process_id(), "INT"))
    assert.equal("sys.interrupted", support.code_of(process.poll_until(sys.clock_ms() + 20000, 5, failing(1e9, true))))
  end)
end)
