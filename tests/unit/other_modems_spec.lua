-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Devices of Sierra Wireless that no script is for: they are listed, named and refused.
local fake = require "tests.fakes.sysfs"
local files = require "tests.unit.image_files"
local flash = require "moonflash"
local jobs = require "moonflash.commands.job"
local support = require "tests.support"

describe("a modem that no script is for", function()
  local tree, images

  before_each(function()
    files.start()
    tree = fake.new()
    images = { files.make "firmware", files.make "settings" }
  end)
  after_each(function()
    tree:remove()
    support.finish()
  end)

  local function plug(ids, product, interfaces)
    tree:plug { place = "1-1", vid = ids:sub(1, 4), pid = ids:sub(6), number = 2, product = product,
      manufacturer = "Sierra Wireless, Incorporated", interfaces = interfaces or { fake.mbim "cdc-wdm0" } }
  end

  local function run(command, options)
    return flash[command] { root = tree.root, files = command ~= "status" and images or {}, options = options }
  end

  local function assert_refused(result, words)
    assert.same({ 4, "image.wrong_model" }, { result.exit, result.failure.code })
    local text = result.failure.message .. " " .. result.failure.evidence
    assert.truthy(text:find(words, 1, true), text)
    return flash.failure.hint(result.failure)
  end

  it("is refused by update, plan and recover, also with --model", function()
    for ids, words in pairs { ["1199:a001"] = "Intel", ["1199:c081"] = "EM7590", ["1199:90d3"] = "EM9xxx" } do
      plug(ids)
      for _, command in ipairs { "update", "plan", "recover" } do
        assert.not_matches("%-%-model", assert_refused(run(command), words))
        assert_refused(run(command, { model = "mc7455" }), words)
      end
      tree:unplug "1-1"
    end
  end)

  it("is refused by its product text, until --model says which script it needs", function()
    plug("1199:68c0", "Sierra Wireless WP7607")
    assert.matches("%-%-model", assert_refused(run "plan", "WP7607"))
    assert.matches("MC7354", run("plan", { model = "mc7354" }).failure.message)
  end)

  it("that waits for an image gets none, and nothing to make it leave", function()
    plug("1199:68a2", nil, { fake.serial(0, "ttyUSB0") })
    local status = run "status".status
    assert.same({ "download", "MC77xx" }, { status.device.mode, status.device.other.name })
    assert.matches("older protocol", table.concat(status.advice, "\n"))
    images = {}
    assert.is_nil(jobs.other_modem {})
    assert_refused(run "recover", "moonflash does not support the MC77xx")
  end)

  it("tells in status and plan who holds its ports", function()
    local function plugged(driver)
      plug("1199:9071", nil, { { number = 3, class = "ff", driver = driver },
        { number = 8, class = "ff", driver = driver } })
      local status = run "status"
      assert.equal("device.no_port", status.failure.code)
      return status.failure.evidence, run "plan".failure
    end
    assert.matches("interface 3 is held by usbfs .*interface 8 is held by usbfs", (plugged "usbfs"))
    tree:unplug "1-1"
    assert.matches("interface 8 has no driver .*drivers: interface 3 none, 8 none", (plugged(nil)))
  end)

  it("is unknown when nothing tells more: --model works on it", function()
    plug("413c:81a2", "DW5806")
    assert.equal("device.unknown_model", run "plan".failure.code)
    assert.matches("%-%-model", flash.failure.hint(run "plan".failure))
    assert.not_equal("device.unknown_model", run("plan", { model = "mc7455" }).failure.code)
    assert.equal("413c", run "status".status.device.vid)
  end)

  describe("and whose interfaces are those of a loader", function()
    local loader

    before_each(function()
      loader = { number = 0, class = "ff", driver = "qcserial", tty = "ttyUSB0", endpoints = 2 }
    end)

    local function mode(options)
      plug("1199:9ffe", nil, { loader })
      return run("status", options).status.device.mode
    end

    it("waits for an image when --model names it", function()
      assert.equal("download", mode { model = "mc7455" })
    end)

    it("is taken for a running one otherwise, and what to do is said", function()
      assert.equal("application", mode())
      assert.matches("%-%-model", flash.failure.hint(run("status").failure))
    end)

    it("waits for no image when it is one of several modems", function()
      assert.equal("application", mode { model = "mc7455", all = true })
    end)

    it("gets a driver from --bind-driver", function()
      loader.driver, loader.tty = nil, nil
      plug("1199:9ffe", nil, { loader })
      local problem = run("update", { model = "mc7455", timeout_scale = 0.01 }).failure
      assert.equal("preflight.driver", problem.code)
      assert.matches("%-%-bind%-driver", flash.failure.hint(problem))
    end)
  end)
end)
