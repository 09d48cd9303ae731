-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- An EM7565 behind the drivers of a real kernel is updated by moonflash and by qmi-firmware-update of libqmi, which has
-- updated real ones. Both send the documented bytes.
local firehose_host = require "tests.sim.firehose_host"
local stage = require "tests.sim.stage"
local support = require "tests.support"

local PEER_MS = 120000 -- its waits are those for a real modem

local function simulate(model, ...)
  return stage.modem(model, { usb = true, faults = { ... } })
end

local function sizes_of(files)
  local sizes = {}
  for index, path in ipairs(files) do sizes[index] = #support.contents(path) end
  return sizes
end

local function assert_updated(modem, files)
  assert.same({}, stage.log(modem, "violation"))
  for index, path in ipairs(files) do
    assert.is_true(support.contents(path) == support.contents(("%s/received/%d.cwe"):format(modem.folder, index)))
  end
  assert.same(stage.new.em7565, stage.mode(modem).running)
  assert.equal(0, stage.mode(modem).power)
end

local function assert_documented(modem, files)
  assert.same(firehose_host.documented(sizes_of(files)), firehose_host.requests(stage.log(modem)))
end

local function peer(files)
  return support.run({ "qmi-firmware-update", "--ignore-mm-runtime-check", "--verbose", "-d", "1199:9091",
    "--update", unpack(files) }, { deadline_ms = PEER_MS })
end

-- The lengths of the peer's writes, of equal ones in a row only the first.
local function writes_of(run)
  local lengths = {}
  for length in (run.stdout .. run.stderr):gmatch "sahara%-device%] >> [%x:%.]+ %[(%d+)%]" do
    if lengths[#lengths] ~= tonumber(length) then lengths[#lengths + 1] = tonumber(length) end
  end
  return lengths
end

describe("an EM7565, with the drivers of a real kernel,", function()
  after_each(support.finish)

  it("is updated by qmi-firmware-update, which sends the documented bytes", function()
    local modem, files = simulate "em7565", stage.images("em7565", { size = 400000 })
    local run = peer(files)
    assert.equal(0, run.status, run.stderr)
    assert_updated(modem, files)
    assert_documented(modem, files)
    local sizes = sizes_of(files)
    local programs = { #firehose_host.program(math.ceil(sizes[1] / 4096)), #firehose_host.program(6) }
    assert.same({ 48, 12, 77, 247, 105, programs[1], 8192, 512, programs[2], 8192, 512, 99 }, writes_of(run))
  end)

  for _, transport in ipairs { "tty", "usb" } do
    local tag = transport == "tty" and " #short" or ""
    it("is updated by moonflash, which sends the same: " .. transport .. tag, function()
      local modem, files = simulate "em7565", stage.images("em7565", { size = 400000 })
      local run = stage.moonflash(modem, "update", "--transport", transport, unpack(files))
      assert.equal(0, run.status, run.stderr)
      assert_updated(modem, files)
      assert_documented(modem, files)
    end)
  end

  -- Some parts are sold so, and no serial driver of Linux knows them or their loader (reference: firehose 2).
  it("with the ids 90b1 is updated over USB", function()
    local modem, files = simulate("em7565", "composition=90b1"), stage.images("em7565", { size = 400000 })
    local run = stage.moonflash(modem, "update", unpack(files))
    assert.equal(0, run.status, run.stderr)
    assert_updated(modem, files)
    local ids = {}
    for _, entry in ipairs(stage.log(modem, "usb")) do
      if entry.action == "add" then ids[#ids + 1] = entry.pid end
    end
    assert.same({ "90b1", "90b0", "90b1" }, ids)
    local asked = stage.moonflash(modem, "at", "ATI")
    assert.equal(0, asked.status, asked.stderr)
    assert.matches("EM7565", asked.stdout)
  end)

  local variants = {
    { "em7565", "zero-block=now" }, { "em7565", "generation=new" }, { "em7565", "unasked-log" },
    { "em7565", "max-payload=16384" }, { "em7565", "sector-size=2048" }, { "em7565", "hello-mode=0" },
    { "em7565", "silent-power" }, { "em7565", "bad-blocks=100" }, { "em7511" },
  }
  for _, variant in ipairs(variants) do
    it("is updated by both with other answers: " .. table.concat(variant, " "), function()
      local files = stage.images(variant[1], { size = 400000 })
      local modem = simulate(unpack(variant))
      local run = peer(files)
      assert.equal(0, run.status, run.stderr)
      assert_updated(modem, files)
      modem:kill "INT"
      modem:wait()
      local second = simulate(unpack(variant))
      run = stage.moonflash(second, "update", unpack(files))
      assert.equal(0, run.status, run.stderr)
      assert_updated(second, files)
      assert.same(firehose_host.requests(stage.log(modem)), firehose_host.requests(stage.log(second)))
    end)
  end
end)
