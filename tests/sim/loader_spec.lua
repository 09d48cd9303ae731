-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The simulated loader: exact answers, strictness, and the faults it can be told to have.
local bench = require "tests.sim.bench"
local build = require "tests.images.build"
local bytes = require "moonflash.core.bytes"
local packages = require "tests.images.packages"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local long_window = 1000000
local switch, error_22 = "7e 70 00 00 14 46 7e", "7e 0d 16 00 00 00 00 88 4d 7e"
local hello = [[7e 01 51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63 6f 6c 20 68 73 74
  00 00 00 00 06 06 30 0b 8d 7e]]
local hello_answer = [[7e 02 51 43 4f 4d 20 68 69 67 68 20 73 70 65 65 64 20 70 72 6f 74 6f 63 6f 6c 20 74
  67 74 30 00 00 00 06 06 00 00 00 00 00 00 00 00 00 00 00 00 00 30 d9 bc 7e]]
local done_good = "\42\0\0\0\0"

local function start(...)
  return bench.start { faults = { "start=download", "window=" .. long_window, ... } }
end

local function settings(options)
  local made = packages.settings(options)
  return assert(sys.read_file(build.write(made, support.folder() .. "/" .. made.name)))
end

local function replaced(text, at, new)
  return text:sub(1, at - 1) .. new .. text:sub(at + #new)
end

local function violation(sim)
  local found = sim:log "violation"
  assert.equal(1, #found)
  return found[1].text
end

describe("the simulated loader", function()
  local image = settings()
  after_each(support.finish)

  it("answers in the bytes of the documents", function()
    local p = start():open "ttyUSB0"
    bench.expect(p, switch, error_22)
    bench.expect(p, hello, hello_answer)
    local size = bytes.hex(bytes.u32le(#image - 400), " ")
    assert.equal(bytes.from_hex("26 00 00 01" .. size), bench.frame(p, bench.open_request(image)))
    local data = image:sub(401)
    assert(p:write(bench.write_header(0, #data) .. data, 1000))
    bench.expect(p, "", "7e 28 00 00 00 00 00 00 00 00 14 39 7e")
    bench.expect(p, "7e 29 bb 4c 7e", "7e 2a 00 00 00 00 4e e3 7e")
    p:close()
  end)

  it("takes a session in single bytes", function()
    local sim = start()
    local p = sim:open "ttyUSB0"
    local text = bytes.from_hex(switch .. hello)
    for at = 1, #text do assert(p:write(text:sub(at, at), 1000)) end
    bench.expect(p, "", error_22 .. hello_answer)
    p:close()
    assert.same({}, sim:log "violation")
  end)

  local refused_opens = {
    { "another family", settings { family = "SWI9X15C" }, 2, "image for 9X15" },
    { "a damaged header", replaced(image, 20, "x"), 5, "bad header CRC" },
    { "a cut file", image:sub(1, -2), 1, "the header says" },
  }
  for _, row in ipairs(refused_opens) do
    it("refuses to open " .. row[1], function()
      local sim = start()
      local p = sim:open "ttyUSB0"
      assert.equal(row[3], bytes.get_u16le(bench.send(p, row[2], 4096), 2))
      p:close()
      assert.matches(row[4], violation(sim), 1, true)
    end)
  end

  it("refuses an image whose innermost CRC is wrong, and then stays in download mode", function()
    local sim = start()
    local p = sim:open "ttyUSB0"
    local answer = bench.send(p, replaced(image, #image, "~"), 4096)
    assert.equal(2, bytes.get_u16le(answer, 8))
    assert(p:write(bytes.from_hex "7e 2d 9f 0a 7e", 1000))
    p:close()
    sim:wait_for_event({ event = "usb", action = "ready", mode = "download" }, 2)
    assert.matches("image: bad CRC of NVUP", violation(sim), 1, true)
    assert.same({}, sim:log "mode")
  end)

  local bad_writes = {
    { "a wrong sequence", bench.write_header(1, 100), "write 1, expected 0", 2 },
    { "more than was announced", bench.write_header(0, 100000), "write of 100000 bytes", 2 },
    { "a bad header CRC", replaced(bench.write_header(0, 100), 8, "\1"), "bad header CRC", 1 },
  }
  for _, row in ipairs(bad_writes) do
    it("refuses a write with " .. row[1], function()
      local sim = start()
      local p = sim:open "ttyUSB0"
      bench.greet(p)
      bench.frame(p, bench.open_request(image))
      assert(p:write(row[2], 1000))
      assert.equal(row[4], bytes.get_u16le(bench.frame(p), 8))
      p:close()
      assert.matches(row[3], violation(sim), 1, true)
    end)
  end

  it("wants its commands in order, and whole", function()
    local sim = start()
    local p = sim:open "ttyUSB0"
    assert.equal(24, bench.frame(p, bench.open_request(image)):byte(2))
    assert.equal(15, bench.frame(p, "\41"):byte(2))
    assert.equal(22, bench.frame(p, "\112\0"):byte(2))
    bench.expect(p, "7e 70 00 00 14 47 7e", "7e 0d 17 00 00 00 00")
    assert.equal(4, #sim:log "violation")
    p:close()
  end)

  it("forgets a write that ends early, and starts anew", function()
    local sim = start()
    local p = sim:open "ttyUSB0"
    bench.greet(p)
    bench.frame(p, bench.open_request(image))
    assert(p:write(bench.write_header(0, 1000) .. "only this", 1000))
    assert.equal(25, bench.frame(p):byte(2))
    assert.equal(done_good, bench.send(p, image, 8192))
    p:close()
  end)

  describe("with a fault", function()
    it("acknowledges 0x70", function()
      local p = start("ack-0x70"):open "ttyUSB0"
      bench.expect(p, switch, "7e 02 6a d3 7e")
      p:close()
    end)

    it("is silent once, then answers", function()
      local sim = start "silence=qdl.hello"
      local p = sim:open "ttyUSB0"
      bench.expect_silence(p, hello, 50)
      bench.expect(p, hello, hello_answer)
      p:close()
      assert.equal("silence", sim:log("fault")[1].fault)
    end)

    local changed_answers = {
      { "split=qdl.hello", hello_answer },
      { "late=qdl.hello:1", hello_answer },
      { "stale=qdl.hello", "ff 00 7e 2a" .. hello_answer },
      { "error=qdl.hello:7", "7e 0d 07 00 00 00 00" },
      { "cut=qdl.hello", hello_answer:gsub("%s+", " "):sub(1, 3 * 26) },
    }
    for _, row in ipairs(changed_answers) do
      it(row[1], function()
        local p = start(row[1]):open "ttyUSB0"
        bench.expect(p, hello, row[2])
        p:close()
      end)
    end

    it("names another write in an acknowledgement", function()
      local p = start("bad-ack=2"):open "ttyUSB0"
      bench.greet(p)
      bench.frame(p, bench.open_request(image))
      local data = ("\0"):rep(10)
      for sequence = 0, 1 do
        assert(p:write(bench.write_header(sequence, 10) .. data, 1000))
        assert.equal(sequence * 2, bytes.get_u16le(bench.frame(p), 2))
      end
      p:close()
    end)

    it("vanishes in the middle of a write and waits for the image again", function()
      local sim = start("vanish-chunk=2")
      local p = sim:open "ttyUSB0"
      assert.has_error(function() bench.send(p, image, 8192) end)
      p:close()
      sim:wait_for_event({ event = "usb", action = "ready", mode = "download" }, 2)
      p = sim:open "ttyUSB0"
      assert.equal(done_good, bench.send(p, image, 8192))
      p:close()
    end)

    it("is another kind of port", function()
      local p = start("diag-instead"):open "ttyUSB0"
      bench.expect(p, switch, "13 70 00 00 6a 9a 7e")
      p:close()
      p = start("memory-debug"):open "ttyUSB0"
      bench.expect(p, switch, "01 00 00 00 30 00 00 00 02 00 00 00 01 00 00 00 00 04 00 00 02 00 00 00")
      p:close()
    end)

    it("comes back at another place", function()
      local sim = start "come-back-place=2-7"
      local p = sim:open "ttyUSB0"
      assert(p:write(bytes.from_hex "7e 2d 9f 0a 7e", 1000))
      p:close()
      sim:wait_for_event { event = "usb", action = "ready", place = "2-7", mode = "application" }
    end)
  end)
end)
