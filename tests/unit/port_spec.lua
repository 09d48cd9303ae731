-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The Lua face of ports, over pseudo terminals. What only C can set up is in test_port.c.
local port = require "moonflash.core.port"
local sys = require "moonflash.core.sys"

local function every_byte()
  local bytes = {}
  for value = 0, 255 do bytes[#bytes + 1] = string.char(value) end
  return table.concat(bytes)
end

describe("a port", function()
  local master, path, folder, p

  before_each(function()
    master, path = sys.pty()
    folder = assert(sys.temporary_folder())
  end)

  after_each(function()
    if p then p:close() end
    p = nil
    if master then sys.close(master) end
    sys.remove_tree(folder)
  end)

  local function read_all(count)
    local got = ""
    while #got < count do got = got .. assert(p:read(count, 1000)) end
    return got
  end

  local function refuses(code, result, failure)
    assert.is_nil(result)
    assert.equal(code, failure.code)
    return failure
  end

  it("carries every byte value unchanged, both ways", function()
    p = assert(port.open(path))
    assert.is_true(p:write(every_byte(), 1000))
    assert.equal(every_byte(), sys.read(master, 4096))
    sys.write(master, every_byte())
    assert.equal(every_byte(), read_all(256))
  end)

  it("is found through a link, as below a simulator's root", function()
    sys.symlink(path, folder .. "/ttyUSB0")
    p = assert(port.open(folder .. "/ttyUSB0"))
    assert.is_true(p:write("hello", 1000))
    assert.equal("hello", sys.read(master, 100))
    assert.equal(folder .. "/ttyUSB0", tostring(p))
  end)

  it("gives at most the bytes asked for and keeps the rest", function()
    p = assert(port.open(path))
    sys.write(master, "abcdef")
    assert.equal("ab", p:read(2, 1000))
    assert.equal("cdef", read_all(4))
  end)

  it("keeps what came before it was opened, until told to discard", function()
    sys.write(master, "stale")
    p = assert(port.open(path))
    assert.equal("stale", read_all(5))
    sys.write(master, "stale again")
    assert.is_true(p:discard())
    refuses("port.timeout", p:read(100, 0))
  end)

  it("stops waiting when its time is over", function()
    p = assert(port.open(path))
    local start = sys.clock_ms()
    refuses("port.timeout", p:read(1, 30))
    assert.is_true(sys.clock_ms() - start >= 30)
  end)

  it("says how far a write came when nobody takes the bytes", function()
    p = assert(port.open(path))
    local failure = refuses("port.timeout", p:write(("x"):rep(1000000), 20))
    assert.matches("^%d+ of 1000000 bytes", failure.evidence)
  end)

  it("notices the hang-up, reading and writing", function()
    p = assert(port.open(path))
    sys.close(master)
    master = nil
    refuses("port.closed", p:read(1, 1000))
    refuses("port.closed", p:write("x", 1000))
    p:close()
  end)

  it("is held by one at a time, and free again after a close", function()
    p = assert(port.open(path))
    local failure = refuses("port.busy", port.open(path))
    assert.matches(path, failure.message, 1, true)
    p:close()
    p = assert(port.open(path))
  end)

  it("refuses what is no device, and says why", function()
    refuses("port.not_found", port.open(folder .. "/ttyUSB9"))
    sys.write_file(folder .. "/ttyUSB0", "a file that a careless copy left here")
    refuses("port.not_a_device", port.open(folder .. "/ttyUSB0"))
    refuses("port.not_a_device", port.open(folder))
    refuses("port.not_a_device", port.open("/dev/null"))
  end)

  it("is made of an open descriptor", function()
    p = assert(port.from_descriptor(sys.open(path, "rw"), "a pty"))
    assert.equal("a pty", tostring(p))
    assert.is_true(p:write("hello", 1000))
    assert.equal("hello", sys.read(master, 100))
  end)

  it("can be closed twice, and raises for the caller who goes on using it", function()
    p = assert(port.open(path))
    assert.is_number(p:descriptor())
    p:close()
    p:close()
    assert.is_nil(p:descriptor())
    assert.has_error(function() p:read(1, 0) end)
    assert.has_error(function() p:write("x", 0) end)
  end)

  it("raises for arguments that make no sense", function()
    p = assert(port.open(path))
    for _, arguments in ipairs { { 0, 0 }, { -1, 0 }, { 1, -1 }, { 1.5, 0 }, { "x", 0 } } do
      assert.has_error(function() p:read(arguments[1], arguments[2]) end)
    end
    assert.has_error(function() port.open() end)
    assert.has_error(function() port.open({}) end)
  end)
end)
