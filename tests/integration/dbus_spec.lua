-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Calls on a message bus: accepted, refused, never answered, and a bus that goes away.
local fake_dbus = require "tests.fakes.dbus"
local support = require "tests.support"

if not fake_dbus.program then return end

local dbus = require "moonflash.core.dbus"
local sys = require "moonflash.core.sys"

local function inhibit(connection, ms, uid, hold)
  return connection:call({
    name = "org.freedesktop.ModemManager1", object = "/org/freedesktop/ModemManager1",
    interface = "org.freedesktop.ModemManager1", method = "InhibitDevice", uid or "/sys/x", hold ~= false,
  }, ms)
end

describe("a message bus", function()
  after_each(support.finish)

  it("carries texts and truth values, and sees when a caller leaves", function()
    local server = fake_dbus.start(support.folder() .. "/bus", "accept")
    local connection = assert(dbus.open("unix:path=" .. server.path, 2000))
    assert.is_true(inhibit(connection, 2000))
    assert.is_true(inhibit(connection, 2000, "/sys/ü", false))
    connection:close()
    connection:close()
    assert.equal("InhibitDevice /sys/x true", server:line())
    assert.equal("InhibitDevice /sys/ü false", server:line())
    assert.equal("gone", server:line())
    assert.equal("bus (closed)", tostring(connection))
    assert.has_error(function() inhibit(connection, 10) end)
  end)

  it("tells a refusal by its name and words", function()
    local server = fake_dbus.start(support.folder() .. "/bus", "refuse")
    local connection = assert(dbus.open("unix:path=" .. server.path, 2000))
    local accepted, problem = inhibit(connection, 2000)
    assert.equal("bus.refused", support.code_of(accepted, problem))
    assert.equal("org.freedesktop.ModemManager1.Error.Core.NotFound", problem.error)
    assert.equal("No device found with uid '/sys/x'", problem.evidence)
    connection:close()
  end)

  it("does not wait longer than told", function()
    local server = fake_dbus.start(support.folder() .. "/bus", "silent")
    local connection = assert(dbus.open("unix:path=" .. server.path, 2000))
    assert.equal("bus.timeout", support.code_of(inhibit(connection, 30)))
    connection:close()
  end)

  it("may go away", function()
    local server = fake_dbus.start(support.folder() .. "/bus", "accept")
    local connection = assert(dbus.open("unix:path=" .. server.path, 2000))
    server:kill "KILL"
    local called, problem = inhibit(connection, 2000)
    assert.is_nil(called)
    assert.truthy(problem.code == "bus.closed" or problem.code == "bus.failed", problem.code)
    connection:close()
  end)

  it("that reads nothing any more does not delay the close", function()
    local server = fake_dbus.start(support.folder() .. "/bus", "silent")
    local connection = assert(dbus.open("unix:path=" .. server.path, 2000))
    server:kill "STOP"
    assert.equal("bus.timeout", support.code_of(inhibit(connection, 30, ("x"):rep(4000000))))
    local began = sys.clock_ms()
    connection:close()
    assert.is_true(sys.clock_ms() - began < 5000)
    server:kill "CONT"
    assert.equal("gone", server:line())
  end)

  it("may not be there", function()
    assert.equal("bus.failed", support.code_of(dbus.open("unix:path=/nowhere/bus", 500)))
    assert.equal("bus.failed", support.code_of(dbus.open("no address", 500)))
  end)

  it("takes only what can be said on it", function()
    local server = fake_dbus.start(support.folder() .. "/bus", "accept")
    local connection = assert(dbus.open("unix:path=" .. server.path, 2000))
    assert.equal("bus.failed", support.code_of(inhibit(connection, 500, "\255")))
    assert.has_error(function() inhibit(connection, 500, {}) end)
    assert.has_error(function() connection:call({ name = "x" }, 500) end)
    local odd = { name = "no name", object = "/", interface = "a.b", method = "c" }
    assert.equal("bus.failed", support.code_of(connection:call(odd, 500)))
    connection:close()
  end)

  -- GLib's thread keeps some for good and closes the last a moment later.
  it("does not gather descriptors", function()
    local server = fake_dbus.start(support.folder() .. "/bus", "accept")
    local first = assert(dbus.open("unix:path=" .. server.path, 2000))
    first:close()
    local before = #sys.list "/proc/self/fd"
    for _ = 1, 20 do
      local connection = assert(dbus.open("unix:path=" .. server.path, 2000))
      assert.is_true(inhibit(connection, 2000))
      connection:close()
      support.code_of(dbus.open("unix:path=/nowhere/bus", 500))
    end
    assert.is_true(#sys.list "/proc/self/fd" <= before + 2)
  end)
end)
