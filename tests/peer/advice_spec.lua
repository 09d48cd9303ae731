-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What a failure advises fits what was seen.
local stage = require "tests.peer.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function run(modem, command, ...)
  local peer, began = stage.start { modem }, sys.clock_ms()
  local argv = { "--timeout-scale", "0.1", command, ... }
  local kinds = modem.model == "EM7305" and { "package" } or nil
  local files = command == "update" and stage.images(modem.model, {}, kinds) or {}
  for _, path in ipairs(files) do argv[#argv + 1] = path end
  local seen = stage.moonflash(peer, unpack(argv))
  seen.ms = sys.clock_ms() - began
  return seen, peer
end

describe("a modem that restarts by itself", function()
  after_each(support.finish)

  for _, every in ipairs { 0.3, 0.7 } do
    it(("every %.1f s after its update is said to do so"):format(every), function()
      local after = { restless = { every = every }, silent = { "qmi" } }
      local seen = run({ model = "MC7455", after_image = after }, "update", "--timeout-scale", "0.04")
      assert.equal(8, seen.status, seen.stderr)
      assert.matches("restarts by itself, seen %d+ times", seen.result.failure.message)
    end)
  end

  it("once is no such modem", function()
    local seen = run({ model = "MC7455", after_image = { silent = { "qmi" } } }, "update", "--timeout-scale", "0.04")
    assert.is_nil(seen.result.failure.message:find "by itself")
  end)
end)

describe("a loader without a driver", function()
  after_each(support.finish)

  for _, model in ipairs { "EM7305", "MC7455" } do
    it("is no modem that is back in application mode: " .. model, function()
      local modem = { model = model, interfaces = { ["0"] = { driver = false } }, loader = { window = 600 } }
      local seen = run(modem, "update", "--skip", "driver")
      assert.equal(8, seen.status, seen.stderr)
      assert.matches("load the driver qcserial", seen.result.failure.hint)
      assert.is_true(seen.ms < 40000 * support.slowness)
    end)
  end
end)

describe("a modem that never stays in download mode", function()
  after_each(support.finish)

  it("may be kept from it by a pin or a setting", function()
    local seen = run({ model = "MC7455", never_loads = true }, "update", "--route", "preference")
    assert.equal(6, seen.status)
    assert.matches("pin 25", seen.result.failure.hint)
    assert.matches("FASTENUMEN", seen.result.failure.hint)
  end)
end)

describe("an installer disc", function()
  after_each(support.finish)

  local function disc(class, driver)
    return { model = "MC7455", ids = { application = "1199:0fff" }, composition = { 9 },
      interfaces = { ["9"] = { class = class, driver = driver } } }
  end

  for _, command in ipairs { "recover", "status" } do
    it("is named at once by " .. command, function()
      local seen = run(disc("08", "usb-storage"), command)
      assert.equal(3, seen.status, seen.stderr)
      assert.equal("device.no_port", seen.result.failure.code)
      assert.matches("installer disc", seen.result.failure.evidence)
      assert.matches("usb%-modeswitch", seen.result.failure.hint)
      assert.is_true(seen.ms < 10000 * support.slowness)
    end)
  end

  it("is no modem with another port", function()
    local seen = run(disc("03", "usbhid"), "recover")
    assert.equal("device.no_port", seen.result.failure.code)
    assert.is_nil(seen.result.failure.evidence:find "disc")
  end)
end)
