-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Modems that behave otherwise than most: what is known to happen in the field, one by one.
local bytes = require "moonflash.core.bytes"
local nvup = require "tests.images.nvup"
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local quick = { "--timeout-scale", "0.1" }

local function modem_with(...)
  return stage.modem("mc7455", { faults = { ... } })
end

-- Updates an MC7455 with new images, unless said otherwise; words go before the files.
local function update(modem, words, files)
  local arguments = { "update", unpack(words or {}) }
  for _, file in ipairs(files or stage.images "mc7455") do arguments[#arguments + 1] = file end
  return stage.moonflash(modem, unpack(arguments))
end

local function updated(modem, words, files)
  local run = update(modem, words, files)
  assert.equal(0, run.status, run.stderr .. run.stdout)
  assert.same({}, stage.log(modem, "violation"))
  return run
end

local function count(modem, word)
  local found = 0
  for _, command in ipairs(stage.commands(modem)) do
    if command == word then found = found + 1 end
  end
  return found
end

local function last_ids(modem)
  local list = stage.log(modem, "usb")
  return list[#list].vid .. ":" .. list[#list].pid
end

local function status_of(modem)
  local run = stage.moonflash(modem, "status")
  assert.equal(0, run.status, run.stderr)
  return run.lines[1]
end

local function says(list, text)
  return table.concat(list, "\n"):find(text, 1, true) ~= nil
end

describe("settings that change the USB ids", function()
  after_each(support.finish)

  local function comes_back_as(usb, ids)
    local modem = modem_with()
    local files = stage.images("mc7455", { sku = "1102662", carrier = "Dell", more = {
      nvup.variable("USB_VENDOR_ID", bytes.u16le(usb.vendor)),
      nvup.variable("USB_APP_BOOT_PIDS", bytes.u16le(usb.application) .. bytes.u16le(usb.download)),
    } })
    local run = updated(modem, nil, files)
    assert.equal("Dell", run.result.after.carrier)
    assert.equal(ids, last_ids(modem))
    return modem, files
  end

  it("bring the modem back under ids another maker gave it", function()
    local modem, files = comes_back_as({ vendor = 0x413c, application = 0x81b6, download = 0x81b5 },
      "413c:81b6")
    assert.equal(2, update(modem, nil, files).status)
    assert.equal(0, update(modem, { "--force" }, files).status)
  end)

  it("bring it back under ids nobody knows: its place is enough", function()
    comes_back_as({ vendor = 0x1199, application = 0x9fff, download = 0x9ffe }, "1199:9fff")
  end)
end)

describe("a modem that keeps its radio off", function()
  after_each(support.finish)

  it("for the FCC lock is updated, said so, and unlocked by 0x555f", function()
    local modem = modem_with "fcc-lock"
    updated(modem)
    local seen = status_of(modem)
    assert.equal("low_power", seen.power.mode)
    assert.is_true(says(seen.power.causes, "BIOS"))
    assert.is_true(says(seen.advice, "0x555f"))
    local refused = stage.moonflash(modem, "qmi", "dms", "0x002e", "0x01", "00")
    assert.equal(3, refused.status)
    assert.truthy(refused.stderr:find("Internal", 1, true))
    assert.equal(0, stage.moonflash(modem, "qmi", "dms", "0x555f").status)
    assert.equal(0, stage.moonflash(modem, "qmi", "dms", "0x002e", "0x01", "00").status)
    assert.equal("online", status_of(modem).power.mode)
  end)

  it("for the W_DISABLE pin is updated, and said so", function()
    local modem = modem_with "w-disable"
    updated(modem)
    local seen = status_of(modem)
    assert.is_true(says(seen.power.causes, "W_DISABLE"))
    assert.is_true(says(seen.advice, "PCOFFEN"))
  end)

  it("for its user is updated, and said so", function()
    local modem = modem_with "low-power"
    updated(modem)
    local seen = status_of(modem)
    assert.is_true(says(seen.power.causes, "user"))
  end)

  it("is nothing recover would touch the images for", function()
    for _, fault in ipairs { "fcc-lock", "w-disable", "low-power" } do
      local modem = modem_with(fault)
      assert.equal(0, stage.moonflash(modem, "recover").status)
      assert.same({}, stage.commands(modem))
    end
  end)
end)

describe("a modem that is busy or full", function()
  after_each(support.finish)

  it("after each boot is waited for", function()
    local modem = stage.modem("mc7455", { faults = { "not-ready=40" } }) -- 200 ms
    updated(modem, quick)
  end)

  it("gets its client ids back by the SYNC of an update", function()
    local modem = modem_with "clients-exhausted"
    updated(modem)
  end)

  it("is left as it was without room for a firmware, and takes it in a slot that is named", function()
    local modem, files = modem_with "storage-full", stage.images "mc7455"
    local run = update(modem, nil, files)
    assert.equal(3, run.status, run.stderr)
    assert.truthy(run.result.failure.evidence:find("DeviceStorageFull", 1, true))
    assert.truthy(run.result.failure.hint:find("--storage-index", 1, true))
    assert.equal(0, stage.mode(modem).power)
    assert.same({ "0048" }, stage.commands(modem))
    updated(modem, { "--storage-index", "4" }, files)
  end)
end)

describe("a modem without preferences", function()
  after_each(support.finish)

  for _, model in ipairs { "mc7354", "mc7455" } do
    it(("is led by Set Firmware ID: %s"):format(model), function()
      local modem = stage.modem(model, { faults = { "no-preference" } })
      updated(modem, nil, stage.images(model))
      assert.same({ "0048", "003e", "switch" }, { unpack(stage.commands(modem), 1, 3) })
    end)
  end
end)

describe("a modem that did not do as it was told", function()
  after_each(support.finish)

  it("gets the settings it lost in a second pass, and nothing else", function()
    local modem = modem_with "loses-settings=1"
    local files = stage.images "mc7455"
    local run = updated(modem, quick, files)
    assert.same(stage.new.mc7455, run.result.after)
    assert.equal(3, count(modem, "open"))
    assert.is_true(sys.read_file(modem.root .. "/received/3.cwe") == sys.read_file(files[2]))
  end)

  it("and lost them again is reported with what was seen", function()
    local modem = modem_with "loses-settings=9"
    local run = update(modem, quick)
    assert.equal(8, run.status, run.stderr)
    assert.equal("job.not_confirmed", run.result.failure.code)
    assert.truthy(run.result.failure.evidence:find("002.007_001", 1, true))
    assert.equal(3, count(modem, "open"))
  end)

  it("is told once more when it rewrote its preference", function()
    local modem = modem_with "rewrites-preference=1"
    updated(modem, quick)
    assert.equal(2, count(modem, "0048"))
    assert.equal(2, count(modem, "open"))
  end)

  it("and rewrites it always is reported with what was seen, after one more pass", function()
    local modem = modem_with "rewrites-preference=99"
    local run = update(modem, quick)
    assert.equal(8, run.status, run.stderr)
    assert.equal("job.not_confirmed", run.result.failure.code)
    assert.truthy(run.result.failure.evidence:find("it prefers 02.08.02.00", 1, true))
    assert.equal(2, count(modem, "0048"))
    assert.equal(2, count(modem, "open"))
  end)
end)

describe("a crashed modem", function()
  after_each(support.finish)

  it("waits for ever, and is updated by recover with files", function()
    local modem = stage.modem("mc7455", { faults = { "start=download", "memory-debug", "window=40" } })
    sys.sleep_ms(500) -- two windows and more: a modem that waits for an image would be gone
    assert.equal("memory-debug", status_of(modem).mode)
    local run = stage.moonflash(modem, "recover", "--timeout-scale", "0.2", unpack(stage.images "mc7455"))
    assert.equal(0, run.status, run.stderr .. run.stdout)
    assert.same(stage.new.mc7455, run.result.after)
  end)
end)

describe("a folder", function()
  after_each(support.finish)

  it("is one simulator's", function()
    local modem = modem_with()
    local second = support.run { support.program, "simulate", "mc7455", "--dir", modem.root }
    assert.are_not.equal(0, second.status)
    assert.truthy(second.stderr:find("another simulator", 1, true))
    assert.equal("application", status_of(modem).mode)
  end)

  it("can be used again afterwards", function()
    local modem = modem_with()
    modem:kill "TERM"
    modem:wait()
    assert.truthy(stage.modem("mc7354", { folder = modem.root }).root)
  end)
end)

describe("simulate list", function()
  it("names the models and the faults with what they mean", function()
    local run = support.run { support.program, "simulate", "list" }
    assert.equal(0, run.status)
    for _, words in ipairs { "EM7305, EM7511, EM7565, MC7354, MC7455", "fcc%-lock +a laptop's", "unplug=MESSAGE" } do
      assert.truthy(run.stdout:find(words), words)
    end
  end)
end)
