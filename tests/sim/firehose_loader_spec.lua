-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The simulated loader of a 9x50: exact answers, strictness, and the faults it can be told to have.
local build = require "tests.images.build"
local bytes = require "moonflash.core.bytes"
local host = require "tests.sim.firehose_host"
local packages = require "tests.images.packages"
local support = require "tests.support"

local function image_of(kind, options)
  local all = { family = "SWI9X50C", version = "01.14.13.00", config = "002.048_000", size = 60000 }
  for name, value in pairs(options or {}) do all[name] = value end
  return build.bytes(packages[kind](all))
end

local function sample(kind, options)
  local image = image_of(kind, options)
  assert.is_true(#image % 8192 ~= 0)
  return image
end

describe("the simulated loader of a 9x50", function()
  local firmware, settings = sample "firmware", sample "settings"
  after_each(support.finish)

  it("has texts of the documented lengths", function()
    assert.same({ 77, 247, 105, 99 }, { #host.ping, #host.configure, #host.storage_info, #host.power })
    assert.same({ 215, 79, 94, 98, 237 },
      { #host.program(19450), #host.acknowledged, #host.raw, #host.functions, #host.limits })
  end)

  it("answers in the bytes of the documents, takes both packages and restarts", function()
    local h = host.start "preferred=01.14.13.00/GENERIC/002.048_000"
    local info = h:prepare()
    for _, text in ipairs { "SECTOR_SIZE_IN_BYTES = 4096", "PAGES_IN_BLOCK = 64", "TOTAL_BAD_BLOCK=0" } do
      assert.truthy(info:find(host.log(text), 1, true), text)
    end
    h:package(firmware)
    h:say(host.program(math.ceil(#settings / 4096)), host.unreadable)
    h:package(settings)
    h:leave()
    h.modem:wait_for_event { event = "mode", mode = "application", power = 0 }
    h:close()
    assert.same({}, h:violations())
    assert.equal(firmware, h:received(1))
    assert.equal(settings, h:received(2))
    assert.same({ firmware = "01.14.13.00", carrier = "GENERIC", config = "002.048_000" },
      h.modem:log("mode")[1].running)
  end)

  it("logs every byte that it gets", function()
    local h = host.start()
    h:prepare()
    h:package(settings)
    h:leave()
    h:close()
    assert.same(host.documented { #settings }, host.requests(h.modem:log()))
    local whole = math.ceil(#settings / 4096) * 4096
    assert.same({ host.program(whole / 4096), { "write", whole }, { "zeros", 512 }, host.power, host.power },
      { unpack(host.requests(h.modem:log()), 7) })
  end)

  it("takes everything in single bytes", function()
    local h = host.start()
    h:exchange("", host.hello)
    for _, pair in ipairs { { host.hello_response, host.ready }, { host.execute, host.executed },
      { host.data, host.confirmed }, { bytes.hex(host.ping), bytes.hex(host.functions .. host.acknowledged) } } do
      local text = bytes.from_hex(pair[1])
      for at = 1, #text do h:send(text:sub(at, at)) end
      h:exchange("", pair[2])
    end
    h:close()
    assert.same({}, h:violations())
  end)

  it("needs no zeros behind a full last block", function()
    local h = host.start()
    local whole = image_of("settings", { settings_size = 16384 })
    h:prepare()
    h:package(whole)
    h:restart()
    h:close()
    assert.same({}, h:violations())
    assert.equal(whole, h:received())
  end)

  describe("spoils the session", function()
    local early = { { "a QDL probe", "7e 70 00 00 14 46 7e" }, { "text", "41 54 0d" },
      { "reserved words that are not zero", host.hello_response:gsub("00$", "01") },
      { "another mode", host.hello_response:gsub("^(.-)03 00 00 00", "%102 00 00 00") },
      { "the command without a hello", host.execute } }
    for _, case in ipairs(early) do
      it("by " .. case[1], function()
        local h = host.start()
        h:exchange("", host.hello)
        h:exchange(case[2], host.hello)
        h:exchange(host.hello_response, host.ready)
        h:exchange(host.execute, host.unsupported)
        h:close()
        assert.equal(1, #h:violations())
      end)
    end

    it("by a message before the answer to the one before", function()
      local h = host.start()
      h:exchange("", host.hello)
      h:exchange(host.hello_response .. host.execute, host.ready)
      h:close()
      assert.equal(1, #h:violations())
    end)
  end)

  it("restarts when Sahara resets it, also in a spoiled session", function()
    local h = host.start()
    h:exchange("", host.hello)
    h:exchange("70", host.hello)
    h:send(bytes.from_hex "07 00 00 00 08 00 00 00")
    h.modem:wait_for_event { event = "mode", mode = "application" }
    h:close()
  end)

  it("answers before it restarts", function()
    for _, by_sahara in ipairs { true, false } do
      local h = host.start_with { time_scale = 1 }
      if by_sahara then
        h:exchange("", host.hello)
        h:exchange("07 00 00 00 08 00 00 00", "08 00 00 00 08 00 00 00")
      else
        h:switch()
        h:say(host.power, host.restarting)
      end
      h.modem:wait_for_event { event = "usb", action = "remove" }
      h:close()
      assert.same({}, h:violations())
    end
  end)

  local documents = {
    { "without the blank in a tag", host.ping:gsub(" />", "/>"), "unknown document" },
    { "with another header", host.ping:gsub("UTF%-8", "utf-8"), "no document" },
    { "without the last newline", host.ping:sub(1, -2), "without its end" },
    { "with one more attribute", host.power:gsub(" value", ' x="1" value'), "unknown document" },
    { "in another order", host.document '<power value="reset" DelayInSeconds="0" />', "unknown document" },
    { "for another file", host.program(3):gsub("spkg.cwe", "other.cwe"), "unknown document" },
    { "for another partition", host.program(3):gsub('number="0"', 'number="1"'), "unknown document" },
    { "for another place", host.program(3):gsub('"%-1"', '"0"'), "unknown document" },
    { "with bytes behind it", host.ping .. "x", "bytes behind a document" },
    { "that is raw data", ("x"):rep(600), "no document" },
    { "that is a zero block", ("\0"):rep(512), "no document" },
  }
  for _, case in ipairs(documents) do
    it("refuses a document " .. case[1], function()
      local h = host.start()
      h:switch()
      h:send(case[2])
      h.modem:wait_for_event { event = "violation", where = "firehose" }
      h:receive_until "</data>"
      h:close()
      assert.matches(case[3], h:violations()[1], 1, true)
    end)
  end

  it("does not see the end of a document that fills its packets", function()
    local h = host.start()
    h:switch()
    local odd = host.configure:gsub("8960", "8960" .. ("0"):rep(512 - #host.configure))
    assert.equal(512, #odd)
    h:send(odd)
    h.modem:wait_for_event { event = "violation" }
    h:say(host.ping, host.functions .. host.acknowledged)
    h:close()
    assert.same({ "a document that ends no transfer" }, h:violations())
  end)

  local programs = {
    { "before configure", host.program(3), "program before configure", early = true },
    { "of no sectors", host.program(0), "no sectors" },
    { "of other sectors", host.program(3, 512), "sectors of 512 bytes" },
    { "of other pages", host.program(3):gsub('"64"', '"32"'), "32 pages" },
  }
  for _, case in ipairs(programs) do
    it("refuses a program " .. case[1], function()
      local h = host.start()
      if case.early then h:switch() else h:prepare() end
      h:say(case[2], host.log("ERROR: " .. case[3]) .. host.refused)
      h:close()
      assert.same({ case[3] }, h:violations())
    end)
  end

  local function replaced(text, at, new)
    return text:sub(1, at - 1) .. new .. text:sub(at + #new)
  end

  local images = {
    { "of another family", sample("settings", { family = "SWI9X30C" }), "image for 9X30" },
    { "with a wrong bit", replaced(settings, #settings, "~"), "bad CRC of NVUP" },
    { "with a damaged header", replaced(settings, 20, "x"), "no header" },
    { "with something behind it", settings .. "x", "not filled with zeros" },
    { "with a sector too many", settings .. ("\0"):rep(4096), "more sectors than the file has" },
    { "that is cut", settings:sub(1, 9000), "but the header says" },
  }
  for _, case in ipairs(images) do
    it("takes an image " .. case[1] .. ", refuses it then, and stays in download mode", function()
      local h = host.start()
      h:prepare()
      h:package(case[2], host.bad)
      h:leave()
      h.modem:wait_for_event({ event = "usb", action = "ready", mode = "download" }, 2)
      h:close()
      assert.equal(1, #h:violations())
      assert.matches(case[3], h:violations()[1], 1, true)
    end)
  end

  it("misses the zeros behind a short last block", function()
    local h = host.start()
    h:prepare()
    h:say(host.program(math.ceil(#settings / 4096)), host.raw)
    h:send(settings .. ("\0"):rep(-#settings % 4096))
    h:say("", host.done)
    h:restart()
    h:close()
    assert.same({ "no zeros behind a short last block" }, h:violations())
  end)

  it("wants no document before the image is answered", function()
    local h = host.start "last-ack=20"
    h:prepare()
    h:say(host.program(math.ceil(#firmware / 4096)), host.raw)
    h:send_raw(firmware)
    h:send(host.power)
    h:say("", host.done)
    h:close()
    assert.same({ "a document before the image was answered" }, h:violations())
  end)
end)
