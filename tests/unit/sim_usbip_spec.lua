-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The simulated modem as a USB device, for a host that is written from the kernel's usbip_protocol.rst alone: a server
-- of USB/IP, its devices, descriptors and transfers. No kernel and no root.
local bytes = require "moonflash.core.bytes"
local event_loop = require "moonflash.sim.event_loop"
local server = require "moonflash.sim.usbip.server"
local socket = require "moonflash.core.socket"
local sys = require "moonflash.core.sys"

local OUT, IN = 0, 1
local PATIENCE_MS = 5000

-- --- the host ------------------------------------------------------------------------------------

local host = {}
host.__index = host

-- Runs the modem's side until a condition holds.
local function run_until(loop, holds)
  local deadline = sys.clock_ms() + PATIENCE_MS
  loop.stopped = false
  local function look()
    if holds() or sys.clock_ms() > deadline then return loop:stop() end
    loop:after(1, look)
  end
  look()
  assert(loop:run())
end

-- Connects with a server.
local function connect(world)
  local own, theirs = assert(socket.pair())
  world.usb:take(theirs)
  return setmetatable({ loop = world.loop, fd = own, rest = "", sequence = 0 }, host)
end

function host:send(text)
  assert.equal(#text, sys.write(self.fd, text))
end

-- So many bytes of the server; fewer when it closes.
function host:read(size)
  run_until(self.loop, function()
    local text, failed = sys.read(self.fd, 65536)
    if text then self.rest = self.rest .. text end
    return #self.rest >= size or not text and failed.code == "sys.closed"
  end)
  local text = self.rest:sub(1, size)
  self.rest = self.rest:sub(size + 1)
  return text
end

-- Sends a USBIP_CMD_SUBMIT. Returns its sequence number.
function host:submit(endpoint, direction, length, more)
  more = more or {}
  self.sequence = self.sequence + 1
  local head = { 1, self.sequence, 65537, direction, endpoint, 0, length, 0, 0, 0 }
  for index, value in ipairs(head) do head[index] = bytes.u32be(value) end
  self:send(table.concat(head) .. (more.setup or ("\0"):rep(8)) .. (more.data or ""))
  return self.sequence
end

function host:unlink(sequence)
  self.sequence = self.sequence + 1
  local head = { 2, self.sequence, 65537, 0, 0, sequence }
  for index, value in ipairs(head) do head[index] = bytes.u32be(value) end
  self:send(table.concat(head) .. ("\0"):rep(24))
  return self.sequence
end

-- The next reply: { command, sequence, status (bytes), length, data }.
function host:reply(direction)
  local head = self:read(48)
  local reply = {
    command = bytes.get_u32be(head, 1), sequence = bytes.get_u32be(head, 5), status = bytes.get_u32be(head, 21),
    length = bytes.get_u32be(head, 25),
  }
  reply.data = direction == IN and self:read(reply.length) or nil
  return reply
end

-- A control transfer, the setup packet in hex. Returns the reply.
function host:control(setup, data)
  setup = assert(bytes.from_hex(setup))
  local direction = setup:byte() >= 128 and IN or OUT
  self:submit(0, direction, bytes.get_u16le(setup, 7), { setup = setup, data = data })
  return self:reply(direction)
end

function host:close()
  sys.close(self.fd)
end

local function hex(text)
  return (bytes.hex(text, " "))
end

-- --- the modem -----------------------------------------------------------------------------------

local kinds = { [0] = "diag", [2] = "nmea", [3] = "at", [8] = "qmi", [12] = "mbim", [13] = "mbim_data" }

-- A modem with these interfaces on a server. What it receives is in `received` by interface; world.ports are its ports.
local function new_world(numbers, speed)
  local loop = event_loop.new()
  local world = { loop = loop, usb = server.new(loop, 0), ports = {}, received = {} }
  world.device = {
    place = "1-1", number = 1, vid = "1199", pid = "9071", product = "Modem", manufacturer = "Maker", serial = "S1",
    speed = speed or 480, interfaces = {},
  }
  for index, number in ipairs(numbers) do
    local port = world.usb:open_port(loop, kinds[number])
    world.ports[number], world.received[number] = port, {}
    port.receive = function(text) table.insert(world.received[number], text) end
    world.device.interfaces[index] = { number = number, kind = kinds[number], port = port }
  end
  world.usb:attach(world.device)
  return world
end

describe("a USB device by USB/IP", function()
  local world, client

  local function start(numbers, speed)
    world = new_world(numbers, speed)
    client = connect(world)
  end

  local function import(bus_id)
    client:send("\1\17\128\3\0\0\0\0" .. bus_id .. ("\0"):rep(32 - #bus_id))
    return client:read(8)
  end

  local function attach(numbers, speed)
    start(numbers, speed)
    assert.equal("01 11 00 03 00 00 00 00", hex(import "1-1"))
    return client:read(312)
  end

  after_each(function()
    if client then client:close() end
    world.usb:detach(world.device)
    world.usb:close()
    client = nil
  end)

  it("is in the list of devices, with its interfaces", function()
    start { 0, 8 }
    client:send "\1\17\128\5\0\0\0\0"
    assert.equal("01 11 00 05 00 00 00 00 00 00 00 01", hex(client:read(12)))
    local entry = client:read(312)
    assert.equal("1-1", entry:sub(257):match "^%Z*")
    assert.equal("00 00 00 03", hex(entry:sub(297, 300))) -- high speed
    assert.equal("11 99 90 71 00 06 00 00 00 01 01 02", hex(entry:sub(301)))
    assert.equal("ff ff ff 00 ff ff ff 00", hex(client:read(8)))
    assert.equal("", client:read(1)) -- the server closes
  end)

  it("is imported once", function()
    local entry = attach { 0 }
    assert.equal("11 99 90 71", hex(entry:sub(301, 304)))
    local second = connect(world)
    second:send("\1\17\128\3\0\0\0\0" .. "1-1" .. ("\0"):rep(29))
    assert.equal("01 11 00 03 00 00 00 04", hex(second:read(9)))
    second:close()
  end)

  it("is refused under another bus id", function()
    start { 0 }
    assert.equal("01 11 00 03 00 00 00 04", hex(import "9-9"))
    assert.equal("", client:read(1))
  end)

  it("ends a connection that is no USB/IP", function()
    start { 0 }
    client:send "GET / HTTP/1.1\r\n"
    assert.equal("", client:read(1))
  end)

  it("has the descriptors of a modem at high speed", function()
    attach { 0, 3, 8 }
    assert.equal("12 01 10 02 00 00 00 40 99 11 71 90 06 00 01 02 03 01",
      hex(client:control("80 06 00 01 00 00 12 00").data))
    assert.equal("\12\3M\0a\0k\0e\0r\0", client:control("80 06 01 03 09 04 ff 00").data)
    local whole = client:control("80 06 00 02 00 00 ff 00").data
    assert.equal(#whole, bytes.get_u16le(whole, 3))
    assert.equal(table.concat({
      "09 02 6f 00 03 01 00 a0 fa",
      "09 04 00 00 02 ff ff ff 00", "07 05 81 02 00 02 00", "07 05 01 02 00 02 00",
      "09 04 03 00 03 ff 00 00 00", "05 24 00 10 01", "05 24 01 00 00", "04 24 02 02", "05 24 06 00 00",
      "07 05 83 03 0a 00 09", "07 05 82 02 00 02 00", "07 05 02 02 00 02 00",
      "09 04 08 00 03 ff ff ff 00", "07 05 85 03 08 00 09", "07 05 84 02 00 02 00", "07 05 03 02 00 02 00",
    }, " "), hex(whole))
    assert.equal("09 02 6f 00 03 01 00 a0 fa", hex(client:control("80 06 00 02 00 00 09 00").data))
  end)

  it("has companions of its endpoints at SuperSpeed, and the two interfaces of MBIM as one function", function()
    attach({ 12, 13 }, 5000)
    local whole = client:control("80 06 00 02 00 00 ff 00").data
    assert.equal(table.concat({
      "09 02 71 00 02 01 00 a0 3f", "08 0b 0c 02 02 0e 00 00",
      "09 04 0c 00 01 02 0e 00 00", "05 24 00 10 01", "05 24 06 0c 0d", "0c 24 1b 00 01 00 10 20 80 00 08 20",
      "08 24 1c 00 01 40 dc 05", "07 05 82 03 40 00 09", "06 30 00 00 40 00",
      "09 04 0d 00 00 0a 00 02 00", "09 04 0d 01 02 0a 00 02 00", "07 05 81 02 00 04 00", "06 30 00 00 00 00",
      "07 05 01 02 00 04 00", "06 30 00 00 00 00",
    }, " "), hex(whole))
    assert.equal("09", hex(client:control("80 06 00 01 00 00 12 00").data:sub(8, 8)))
    assert.equal("05 0f 16 00 02", hex(client:control("80 06 00 0f 00 00 05 00").data))
  end)

  -- The interfaces and endpoints as /sys/kernel/debug/usb/devices shows them, without intervals of 0 and drivers.
  local function listing(configuration)
    local lines, at = {}, 1
    while at <= #configuration do
      local b = { configuration:byte(at, at + 8) }
      if b[2] == 4 then
        lines[#lines + 1] = ("If#=%d Alt=%d #EPs=%d Cls=%02x Sub=%02x Prot=%02x"):format(unpack(b, 3, 8))
      elseif b[2] == 5 then
        lines[#lines + 1] = ("Ad=%02x Atr=%02x MxPS=%d Ivl=%d"):format(b[3], b[4], b[5] + 256 * b[6], b[7])
      end
      at = at + b[1]
    end
    return lines
  end

  it("has the interfaces of a Dell DW5811e, of which there is a listing", function()
    attach({ 0, 2, 3, 12, 13 }, 5000)
    local whole = client:control("80 06 00 02 00 00 00 02").data
    assert.same({
      "If#=0 Alt=0 #EPs=2 Cls=ff Sub=ff Prot=ff", "Ad=81 Atr=02 MxPS=1024 Ivl=0", "Ad=01 Atr=02 MxPS=1024 Ivl=0",
      "If#=2 Alt=0 #EPs=3 Cls=ff Sub=00 Prot=00", "Ad=83 Atr=03 MxPS=10 Ivl=9", "Ad=82 Atr=02 MxPS=1024 Ivl=0",
      "Ad=02 Atr=02 MxPS=1024 Ivl=0",
      "If#=3 Alt=0 #EPs=3 Cls=ff Sub=00 Prot=00", "Ad=85 Atr=03 MxPS=10 Ivl=9", "Ad=84 Atr=02 MxPS=1024 Ivl=0",
      "Ad=03 Atr=02 MxPS=1024 Ivl=0",
      "If#=12 Alt=0 #EPs=1 Cls=02 Sub=0e Prot=00", "Ad=87 Atr=03 MxPS=64 Ivl=9",
      "If#=13 Alt=0 #EPs=0 Cls=0a Sub=00 Prot=02", "If#=13 Alt=1 #EPs=2 Cls=0a Sub=00 Prot=02",
      "Ad=86 Atr=02 MxPS=1024 Ivl=0", "Ad=04 Atr=02 MxPS=1024 Ivl=0",
    }, listing(whole))
  end)

  it("tells when the host has chosen its configuration, once", function()
    start { 0 }
    local times = 0
    world.device.usb.on_configured = function() times = times + 1 end
    import "1-1"
    client:read(312)
    assert.equal(0, client:control("00 09 01 00 00 00 00 00").status)
    client:control("00 09 01 00 00 00 00 00")
    assert.equal("01", hex(client:control("80 08 00 00 00 00 01 00").data))
    assert.equal(1, times)
  end)

  it("stalls for requests that it does not know", function()
    attach { 0, 12, 13 }
    for _, setup in ipairs { "c0 01 00 00 04 00 28 00", "80 06 00 06 00 00 0a 00", "01 0b 01 00 00 00 00 00",
        "a1 01 00 00 00 00 10 00", "00 09 02 00 00 00 00 00" } do
      assert.equal(2 ^ 32 - 32, client:control(setup).status, setup) -- -EPIPE
    end
    assert.equal(0, client:control("01 0b 01 00 0d 00 00 00").status)
    assert.equal("01", hex(client:control("81 0a 00 00 0d 00 01 00").data))
    assert.equal("1c 00 01 00", hex(client:control("a1 80 00 00 0c 00 1c 00").data:sub(1, 4)))
    assert.equal(0, client:control("02 01 00 00 81 00 00 00").status)
    assert.equal(0, client:control("21 22 03 00 00 00 00 00").status)
  end)

  it("carries a serial port by bulk transfers", function()
    attach { 3 }
    local reading = client:submit(1, IN, 4)
    client:submit(1, OUT, 3, { data = "AT\r" })
    assert.same({ command = 3, sequence = reading + 1, status = 0, length = 3 }, client:reply(OUT))
    assert.same({ "AT\r" }, world.received[3])
    world.ports[3]:send "AT\r\r\nOK\r\n"
    assert.same({ command = 3, sequence = reading, status = 0, length = 4, data = "AT\r\r" }, client:reply(IN))
    client:submit(1, IN, 512)
    assert.equal("\nOK\r\n", client:reply(IN).data)
  end)

  it("takes requests in any split", function()
    attach { 3 }
    local head = { 1, 7, 65537, 0, 1, 0, 5, 0, 0, 0 }
    for index, value in ipairs(head) do head[index] = bytes.u32be(value) end
    local text = table.concat(head) .. ("\0"):rep(8) .. "hello"
    text = text .. text
    for at = 1, #text, 5 do
      client:send(text:sub(at, at + 4))
      run_until(world.loop, function() return true end)
    end
    assert.equal(5, client:reply(OUT).length)
    assert.equal(5, client:reply(OUT).length)
    assert.same({ "hello", "hello" }, world.received[3])
  end)

  it("carries QMI by encapsulated commands, a notification for each answer", function()
    attach { 8 }
    assert.equal(0, client:control("21 00 00 00 08 00 03 00", "ask").status)
    assert.same({ "ask" }, world.received[8])
    world.ports[8]:send "first"
    world.ports[8]:send "second"
    for _, answer in ipairs { "first", "second" } do
      client:submit(2, IN, 8)
      assert.equal("a1 01 00 00 08 00 00 00", hex(client:reply(IN).data))
      assert.equal(answer, client:control("a1 01 00 00 08 00 00 10").data)
    end
    assert.equal("", client:control("a1 01 00 00 08 00 00 10").data)
  end)

  it("takes transfers back, also on endpoints that carry nothing", function()
    attach { 3, 8 }
    for _, endpoint in ipairs { 1, 2, 3, 4 } do
      local waiting = client:submit(endpoint, IN, 64)
      local unlinking = client:unlink(waiting)
      assert.same({ command = 4, sequence = unlinking, status = 2 ^ 32 - 104, length = 0 }, client:reply(OUT))
    end
    client:unlink(1) -- it ended long ago
    assert.equal(0, client:reply(OUT).status)
    world.ports[3]:send "x"
    client:submit(1, IN, 64)
    assert.equal("x", client:reply(IN).data)
  end)

  it("takes no more bytes when it hangs", function()
    attach { 3, 8 }
    world.ports[3]:stop_reading()
    world.ports[8]:stop_reading()
    local bulk = client:submit(1, OUT, 1, { data = "x" })
    local command = client:submit(0, OUT, 1, { setup = bytes.from_hex "21 00 00 00 08 00 01 00", data = "x" })
    for _, sequence in ipairs { bulk, command } do
      client:unlink(sequence)
      assert.equal(2 ^ 32 - 104, client:reply(OUT).status)
    end
    assert.same({ [3] = {}, [8] = {} }, world.received)
  end)

  it("vanishes when the modem is detached, and may be imported again after a host has gone", function()
    attach { 3 }
    client:close()
    run_until(world.loop, function() return world.device.usb.closed end)
    client = connect(world)
    assert.equal("01 11 00 03 00 00 00 00", hex(import "1-1"))
    client:read(312)
    world.usb:detach(world.device)
    assert.equal("", client:read(1))
  end)

  it("ends a host that asks for a transfer of any size", function()
    attach { 3 }
    client:submit(1, OUT, 2 ^ 30)
    assert.equal("", client:read(1))
  end)
end)
