-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Interrupts: pending until acknowledged; deferred ones end no wait, however deep the calls nest.
local flash = require "moonflash"
local interrupt = require "moonflash.base.interrupt"
local job = require "moonflash.engine.job"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function raise(signal)
  assert(sys.kill(sys.process_id(), signal))
end

describe("an interrupt", function()
  after_each(function()
    sys.clear_interrupt()
    support.finish()
  end)

  it("is pending until it is acknowledged", function()
    assert.is_nil(interrupt.pending())
    raise "TERM"
    assert.equal("job.interrupted", interrupt.pending().code)
    assert.equal("stopped by SIGTERM", interrupt.pending().message)
    interrupt.acknowledge()
    assert.is_nil(interrupt.pending())
  end)

  it("stays pending while it is deferred, and ends no wait", function()
    local returned = { interrupt.defer(function(...)
      raise "INT"
      interrupt.defer(function() assert.is_nil(interrupt.pending()) end)
      assert.is_nil(interrupt.pending())
      assert.is_true(sys.sleep_ms(1))
      return ..., "and more"
    end, "given") }
    assert.same({ "given", "and more" }, returned)
    assert.equal("stopped by SIGINT", interrupt.pending().message)
    assert.is_nil(sys.sleep_ms(1))
  end)

  it("is deferred no longer when the call raises", function()
    local problem = {}
    local ok, raised = pcall(interrupt.defer, error, problem)
    assert.same({ false, problem }, { ok, raised })
    raise "INT"
    assert.truthy(interrupt.pending())
  end)

  it("does not cut cleanup short after a nested call", function()
    local root, slept = support.folder(), nil
    local work = job.new { root = root, device = {} }
    work:defer("clean up", function()
      raise "INT"
      assert.equal("device.none", flash.status({ root = root }).failure.code)
      job.new({ root = root, device = {} }):finalize()
      slept = sys.sleep_ms(1) and not work:interrupted()
      return true
    end)
    work:finalize()
    assert.is_true(slept)
    assert.is_nil(work.cleanup_failure)
    assert.truthy(work:check_interrupt())
  end)
end)

describe("the signal handlers of a host program", function()
  after_each(support.finish)

  -- Runs a chunk in a process that SIGTERM ends. The chunk knows flash, raise() and the root of an empty machine.
  local function status_of(text)
    local result = support.run(support.lua([[
      local flash, root = require "moonflash", ...
      local function raise() flash.sys.kill(flash.sys.process_id(), "TERM") end
    ]] .. text, support.folder()))
    assert.equal("", result.stderr)
    return result.status
  end

  it("are its own again after a command", function()
    assert.equal(128 + 15, status_of [[
      local seen = flash.status { root = root }
      raise()
    ]])
  end)

  it("are the library's within a command", function()
    assert.equal(9, status_of [[
      local path = root .. "/script.lua"
      flash.sys.write_file(path, "require('moonflash').sys.kill(require('moonflash').sys.process_id(), 'TERM')")
      local result = flash.run_script { root = root, path = path }
      os.exit(flash.sys.sleep_ms(0) and result.exit or 1)
    ]])
  end)
end)
