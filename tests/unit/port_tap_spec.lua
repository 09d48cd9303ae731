-- What a tapped port tells: bytes as they pass, the data of QDL writes summed up.
local bytes = require "moonflash.core.bytes"
local crc = require "moonflash.core.crc"
local port = require "moonflash.core.port"
local sys = require "moonflash.core.sys"

local function write_header(length)
  local head = "\39\1\0\0\0\0\0" .. bytes.u32le(length)
  return head .. bytes.u16le(crc.crc16(head))
end

describe("a tapped port", function()
  local master, p, seen

  before_each(function()
    local path
    master, path = sys.pty()
    p, seen = assert(port.open(path)), {}
    p:tap(function(kind, what, sum) seen[#seen + 1] = { kind, what, kind == "image" and sum or nil } end)
  end)

  after_each(function()
    p:close()
    if master then sys.close(master) end
  end)

  local function write(...)
    for _, piece in ipairs { ... } do assert(p:write(piece, 1000)) end
  end

  -- All bytes sent between images, however they were split.
  local function joined()
    local list = {}
    for _, event in ipairs(seen) do
      local last = list[#list]
      if event[1] == "sent" and last and last[1] == "sent" then
        last[2] = last[2] .. event[2]
      else
        list[#list + 1] = event
      end
    end
    return list
  end

  it("tells what passes in both directions and carries it unchanged", function()
    write "AT\r"
    assert.equal("AT\r", sys.read(master, 100))
    sys.write(master, "OK\r\n")
    assert.equal("OK\r\n", p:read(100, 1000))
    assert.same({ { "sent", "AT\r" }, { "received", "OK\r\n" } }, seen)
  end)

  it("sums up the data of a write, in every split", function()
    local frame, data = "~'in a frame'~", "~data with ' and ~"
    local head = write_header(#data)
    local whole = frame .. head .. data .. "~-~"
    local expected = { { "sent", frame .. head }, { "image", #data, crc.crc32(data) }, { "sent", "~-~" } }
    for at = 1, #whole - 1 do
      seen = {}
      write(whole:sub(1, at), whole:sub(at + 1))
      assert.same(expected, joined(), "split at " .. at)
    end
    seen = {}
    for at = 1, #whole do write(whole:sub(at, at)) end
    assert.same(expected, joined())
  end)

  it("tells how far the data came when the modem speaks in the middle", function()
    write(write_header(10), "12345")
    sys.write(master, "!")
    p:read(1, 1000)
    write "67890"
    assert.same({ { "image", 5, crc.crc32 "12345" }, { "received", "!" }, { "image", 5, crc.crc32 "67890" } },
      { seen[2], seen[3], seen[4] })
  end)

  it("tells how far the data came when it is closed", function()
    write(write_header(10), "12345")
    p:close()
    assert.same({ "image", 5, crc.crc32 "12345" }, seen[2])
  end)

  it("knows a write after flags of any number, once the modem has answered", function()
    for count = 1, 4 do
      seen = {}
      write(("~"):rep(count))
      sys.write(master, "~")
      p:read(1, 1000)
      write(write_header(5) .. "12345")
      assert.same({ "image", 5, crc.crc32 "12345" }, seen[#seen])
    end
  end)

  it("takes no text for a write", function()
    write("AT!CUSTOM='0123456789012345678901234567890'\r")
    assert.equal(1, #seen)
  end)

  it("tells once that the other end is gone", function()
    sys.close(master)
    master = nil
    assert.is_nil(p:read(1, 1000))
    assert.is_nil(p:read(1, 1000))
    assert.equal(1, #seen)
    assert.equal("ended", seen[1][1])
  end)

  it("does not mind an error of the function, and is tapped once", function()
    p:close()
    local path
    sys.close(master)
    master, path = sys.pty()
    p = assert(port.open(path))
    p:tap(function() error "no" end)
    write "hello"
    assert.equal("hello", sys.read(master, 100))
    assert.has_error(function() p:tap(print) end)
    p:close()
  end)

  -- Taps another port with a function that is given it.
  local function tapped(listen)
    p:close()
    sys.close(master)
    local path
    master, path = sys.pty()
    p = assert(port.open(path))
    p:tap(function(kind, what)
      seen[#seen + 1] = { kind, what }
      listen(kind)
    end)
  end

  it("may be ended by the function, which closes the port when it returns", function()
    for kind, act in pairs {
      received = function() sys.write(master, "x") return p:read(1, 1000) end,
      sent = function() return p:write("x", 1000) end,
      image = function() return p:write(write_header(2) .. "ab", 1000) end,
    } do
      seen = {}
      tapped(function(what) if what == kind then p:close() p:close() end end)
      assert.truthy(act())
      assert.is_nil(p:descriptor())
      assert.equal(kind, seen[#seen][1])
      assert.has_error(function() p:read(1, 0) end)
    end
    seen = {}
    tapped(function() p:close() end)
    sys.close(master)
    master = nil
    assert.is_nil(p:read(1, 1000))
    assert.same({ { "ended", 0 } }, seen)
  end)

  it("may be ended once more by the function while it is closed", function()
    tapped(function(kind) if kind == "image" then p:close() end end)
    write(write_header(10) .. "12345")
    p:close()
    assert.equal("image", seen[#seen][1])
    local others = {}
    for number = 1, 2 do -- taps of their own, although the first was ended twice
      local other, path = sys.pty()
      local tap = assert(port.open(path))
      tap:tap(function(_, what) others[number] = what end)
      others[number + 2] = { tap, other }
    end
    for number = 1, 2 do
      local tap, other = unpack(others[number + 2])
      tap:write("for " .. number, 1000)
      assert.equal("for " .. number, others[number])
      tap:close()
      sys.close(other)
    end
  end)

  it("is not told what the function does with the port itself", function()
    tapped(function() p:write("more", 1000) end)
    write "hello"
    assert.equal("hellomore", sys.read(master, 100))
    assert.same({ { "sent", "hello" } }, seen)
  end)
end)
