-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

local device = require "moonflash.device"
local fake = require "tests.fakes.sysfs"
local modems = require "tests.fakes.modems"
local copy, running = modems.copy, modems.running

describe("device.select", function()
  local tree

  before_each(function() tree = fake.new() end)
  after_each(function() tree:remove() end)

  local function list() return device.list(tree.root, modems.models) end
  local function node(name) return tree.root .. "/dev/" .. name end

  local second = copy(running, { place = "1-1.4", peer = false, number = 7, serial = "LF999", pid = "9063",
    product = "EM7305",
    interfaces = { fake.serial(3, "ttyUSB0"), fake.qmi(8, "cdc-wdm4", "wwan4") } })

  local function pick(wanted) return device.select(list(), wanted) end
  local function place_of(wanted) return assert(pick(wanted)).place end

  it("finds the only modem without fields, and fails without a modem", function()
    local nothing, problem = pick {}
    assert.is_nil(nothing)
    assert.equal("device.none", problem.code)
    tree:plug(running)
    assert.equal("2-3", place_of {})
    assert.equal("2-3", device.select(list()).place)
  end)

  it("raises for an unknown field and for a value of another type, at the caller's line", function()
    tree:plug(running)
    local function raises(wanted, words)
      for _, name in ipairs { "select", "matching" } do
        local chunk = assert(loadstring("local device, list, wanted = ...\n\ndevice." .. name
          .. "(list, wanted)\nreturn 1", "=mine"))
        local ran, message = pcall(chunk, device, list(), wanted)
        assert.is_false(ran)
        assert.equal("mine:3: " .. words, message)
      end
    end
    raises({ plaze = "2-3" }, "a selection has no field plaze")
    raises({ tty = {} }, "selection: tty must be a string or a number")
  end)

  it("refuses between two and lists them", function()
    tree:plug(running)
    tree:plug(second)
    local nothing, problem = pick {}
    assert.is_nil(nothing)
    assert.equal("device.ambiguous", problem.code)
    assert.equal("1-1.4 EM7305 1199:9063, running, serial LF999; 2-3 MC7455 1199:9071, running, serial LF123",
      problem.evidence)
    assert.equal("2-3 MC7455 1199:9071, running, serial LF123", device.describe(list()[2]))
  end)

  it("uses each field, alone and together", function()
    tree:plug(running)
    tree:plug(second)
    for _, wanted in ipairs {
      { cdc_wdm = node "cdc-wdm1" }, { tty = node "ttyUSB5" }, { vid = "1199", pid = "9071" },
      { pid = "9071" }, { bus = 2, number = 4 }, { number = "4" }, { place = "2-3" }, { serial = "lf123" },
      { model = "mc7455" }, { place = "1-6" }, { place = "2-3", serial = "LF123", tty = node "ttyUSB6" },
    } do
      assert.equal("2-3", place_of(wanted))
    end
    assert.equal("device.none", select(2, pick { place = "2-3", serial = "LF999" }).code)
    assert.equal("device.none", select(2, pick { tty = node "cdc-wdm1" }).code)
  end)

  it("finds a modem in download mode by the ids it has when it runs, unless another has them now", function()
    tree:plug(modems.waiting)
    assert.equal("1-6", place_of { vid = "1199", pid = "9071" })
    assert.equal("device.none", select(2, pick { vid = "1199", pid = "9063" }).code)
    tree:plug(modems.running_twin)
    assert.equal("2-1", place_of { vid = "1199", pid = "9071" })
    assert.equal("1-6", place_of { pid = "9070" })
  end)

  it("finds no modem by ids that it has in neither mode", function()
    tree:plug(running)
    for _, wanted in ipairs { { vid = "413c", pid = "81b6" }, { vid = "413c" }, { pid = "81b5" },
      { vid = "1199", pid = "81b6" }, { vid = "1199", pid = "9063" } } do
      assert.equal("device.none", select(2, pick(wanted)).code)
    end
    assert.equal("2-3", place_of { vid = "1199", pid = "9070" })
    tree:unplug "2-3"
    tree:plug(copy(modems.waiting, { vid = "413c", pid = "81b5" }))
    assert.equal("1-6", place_of { vid = "413c", pid = "81b6" })
    assert.equal("device.none", select(2, pick { vid = "1199", pid = "9071" }).code)
  end)

  it("prefers the modem at a place to the modem whose peer it is", function()
    tree:plug(running)
    tree:plug(copy(second, { place = "1-6", pid = "9071" }))
    assert.equal("1-6", place_of { place = "1-6" })
  end)

  it("follows links to a node", function()
    tree:plug(running)
    tree:link("dev/serial/by-id/modem", node "ttyUSB6")
    assert.equal("2-3", place_of { tty = node "serial/by-id/modem" })
  end)

  it("describes a path that belongs to no modem", function()
    tree:plug(running)
    tree:write("dev/ttyUSB0", "oops")
    tree:link("dev/modem", "nowhere")
    local function evidence(path) return select(2, pick { tty = path }).evidence end
    assert.matches("ttyUSB0 is a plain file: remove it; present: 2%-3 MC7455", evidence(node "ttyUSB0"))
    assert.matches("ttyUSB9 does not exist", evidence(node "ttyUSB9"))
    assert.matches("modem is a link to nothing", evidence(node "modem"))
    assert.matches("/dev/null is a device, but of none of these modems", evidence "/dev/null")
  end)
end)
