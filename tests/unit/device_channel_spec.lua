-- Channels by address: what is there, what opens, what is traced.
local channel = require "moonflash.device.channel"
local run = require "moonflash.base.run"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

describe("a channel", function()
  local master, path

  before_each(function()
    support.watch()
    master, path = sys.pty()
  end)

  after_each(function()
    sys.close(master)
    support.finish()
  end)

  it("of a serial port is opened by its path, also through a link", function()
    local link = support.folder() .. "/ttyUSB0"
    assert.is_false(channel.exists(link))
    assert.equal("port.not_found", support.code_of(channel.open(link)))
    assert(sys.symlink(path, link))
    assert.is_true(channel.exists(link))
    assert.equal(link, channel.node(link))
    local port = assert(channel.open(link))
    assert(port:write("hello", 1000))
    assert.equal("hello", sys.read(master, 10))
    port:close()
  end)

  it("is given to the trace, by default to that of the current run", function()
    local function trace_of(name)
      return { tap = function(_, port, address)
        port:close()
        return name .. " " .. address
      end }
    end
    assert.equal("mine " .. path, channel.open(path, trace_of "mine"))
    run.within({ options = { trace = trace_of "the run's" } }, function()
      assert.equal("the run's " .. path, channel.open(path))
      assert.equal("mine " .. path, channel.open(path, trace_of "mine"))
    end)
  end)
end)
