-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Whole updates of a simulated MC7455, run as a user runs them. A spec to copy: each test starts a modem
-- (stage.mc7455, with faults), runs the program (stage.moonflash) and checks how it ended, what the modem got
-- (stage.commands) and what it has then. support.finish ends the modem and removes all files.
local cjson = require "cjson"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local new, old = stage.new.mc7455, stage.old.mc7455

-- Firmware and settings for the modem.
local function images(options)
  local files = stage.images("mc7455", options)
  return files[1], files[2]
end

local function update(modem, ...)
  return stage.moonflash(modem, "update", ...)
end

describe("moonflash update", function()
  after_each(support.finish)

  it("takes an MC7455 from old to new firmware, byte for byte as documented", function()
    local modem, firmware, settings = stage.mc7455(), images { size = 2500000 }
    local run = update(modem, settings, firmware)
    assert.equal(0, run.status, run.stderr)
    assert.same(old, run.result.before)
    assert.same(new, run.result.after)
    assert.equal(cjson.null, run.result.failure)
    assert.same({ "0048", "offline", "reset", "switch", "hello", "hello", "open", "write", "done",
      "hello", "open", "write", "done", "reset" }, stage.commands(modem))
    assert.is_true(support.contents(modem.root .. "/received/1.cwe") == support.contents(firmware))
    assert.is_true(support.contents(modem.root .. "/received/2.cwe") == support.contents(settings))
    assert.same({}, stage.log(modem, "violation"))
  end)

  it("has nothing to do the second time, and sends the images again with --force", function()
    local modem, firmware, settings = stage.mc7455(), images()
    assert.equal(0, update(modem, firmware, settings).status)
    local second = update(modem, firmware, settings)
    assert.equal(2, second.status)
    assert.is_true(second.result.ok)
    local forced = update(modem, "--force", firmware, settings)
    assert.equal(0, forced.status, forced.stderr)
    assert.truthy(sys.stat(modem.root .. "/received/4.cwe"))
  end)

  it("switches without a download to images that the modem stores", function()
    local modem = stage.mc7455()
    local run = update(modem, images { version = "02.14.03.02", carrier = "SPRINT", config = "002.012_001" })
    assert.equal(0, run.status, run.stderr)
    assert.same({ "0048", "offline", "reset" }, stage.commands(modem))
    assert.equal("SPRINT", run.result.after.carrier)
  end)

  it("starts with a modem in download mode", function()
    local run = update(stage.mc7455("start=download"), "--timeout-scale", "0.1", images())
    assert.equal(0, run.status, run.stderr)
    assert.same(new, run.result.after)
  end)

  for _, fault in ipairs { "ack-0x70", "error-0x70", "no-answer-0x70" } do
    it("takes each known answer to 0x70: " .. fault, function()
      local run = update(stage.mc7455(fault), "--timeout-scale", "0.2", images())
      assert.equal(0, run.status, run.stderr)
    end)
  end

  it("tries the next route when the preference has no effect", function()
    local modem = stage.mc7455 "no-preference"
    local run = update(modem, images())
    assert.equal(0, run.status, run.stderr)
    assert.equal("0048 003e switch", table.concat(stage.commands(modem), " ", 1, 3))
  end)
end)

describe("a transfer that breaks", function()
  after_each(support.finish)

  -- The first run succeeds, or leaves the modem in download mode and the second one succeeds.
  local function ends_well(fault, scale)
    local modem, firmware, settings = stage.mc7455(fault), images { size = 2500000 }
    local run = update(modem, "--timeout-scale", scale or "0.01", firmware, settings)
    if run.status ~= 0 then
      assert.equal(7, run.status, run.stderr)
      assert.truthy(run.result.failure.code)
      assert.truthy(run.result.failure.hint)
      assert.equal("send images", run.result.failure.step)
      run = update(modem, firmware, settings)
    end
    assert.equal(0, run.status, run.stderr)
    assert.same(new, run.result.after)
  end

  it("ends well when an acknowledgement is wrong", function() ends_well "bad-ack=2" end)
  it("ends well when the modem vanishes in the middle", function() ends_well("vanish-chunk=2", "1") end)
  it("ends well when a write is refused", function() ends_well "refuse=qdl.write#2:1" end)
  it("ends well when the open is answered by an error frame", function() ends_well "error=qdl.open:5" end)
  it("ends well when the done is refused", function() ends_well "refuse=qdl.done:2" end)
  it("ends well when every answer comes byte by byte", function() ends_well "split=qdl.open" end)
  it("ends well when stale bytes come first", function() ends_well "stale=qdl.hello" end)
end)

describe("an update is refused", function()
  after_each(support.finish)

  local function assert_failed(status, code, run)
    assert.equal(status, run.status, run.stderr)
    assert.is_false(run.result.ok)
    assert.equal(code, run.result.failure.code)
    assert.truthy(run.result.failure.message)
    assert.truthy(run.result.failure.hint)
  end

  -- The run fails and the modem got no command.
  local function refuses(status, code, ...)
    local modem = stage.mc7455()
    assert_failed(status, code, update(modem, ...))
    assert.same({}, stage.commands(modem))
  end

  local function write(bytes)
    local path = support.folder() .. "/bad.cwe"
    assert(sys.write_file(path, bytes))
    return path
  end

  it("for a missing file", function()
    refuses(4, "source.not_found", "/nowhere/x.cwe")
  end)

  it("for an image that was cut off", function()
    local firmware, settings = images()
    refuses(4, "image.corrupt", write(support.contents(firmware):sub(1, -100)), settings)
  end)

  it("for an image with one wrong byte", function()
    local firmware, settings = images()
    local bytes, at = support.contents(firmware), 12345
    local other = string.char((bytes:byte(at) + 1) % 256)
    refuses(4, "image.corrupt", write(bytes:sub(1, at - 1) .. other .. bytes:sub(at + 1)), settings)
  end)

  it("for an image of another family", function()
    refuses(4, "image.wrong_model", images { family = "SWI9X15C", version = "05.05.58.01" })
  end)

  it("for firmware without settings", function()
    refuses(4, "image.incomplete_set", (images()))
  end)

  it("without a modem", function()
    local root = support.folder()
    assert(sys.make_folder(root .. "/sys/bus/usb/devices"))
    assert_failed(5, "device.none", update({ root = root }, images()))
  end)

  it("at a port that does not speak QDL, and the modem stays as it is", function()
    local modem = stage.mc7455("start=download", "diag-instead")
    assert_failed(7, "qdl.diag_port", update(modem, "--timeout-scale", "0.1", images()))
    assert.same({}, stage.commands(modem))
  end)
end)

describe("moonflash plan", function()
  after_each(support.finish)

  it("lists the steps and changes nothing", function()
    local modem = stage.mc7455()
    local run = stage.moonflash(modem, "plan", images())
    assert.equal(0, run.status, run.stderr)
    assert.same({}, stage.commands(modem))
    local steps
    for _, line in ipairs(run.lines) do steps = steps or line.steps end
    assert.equal("read versions", steps[1].step)
    assert.is_false(steps[1].changes)
    assert.truthy(#steps >= 6)
  end)
end)

describe("an interrupted update", function()
  after_each(support.finish)

  it("ends before the reset with the old preference", function()
    local modem, firmware, settings = stage.modem("mc7455", { time_scale = 0.02 }), images()
    local child = support.start { support.program, "--root", modem.root, "update", firmware, settings }
    repeat until child:line() == "enter download mode"
    child:kill "INT"
    assert.equal(9, child:wait(60000))
    assert.same(old, stage.last(modem, "preference").preferred)
    local run = update(modem, firmware, settings)
    assert.equal(0, run.status, run.stderr)
  end)
end)
