-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Whole updates of the independent modem (peer.py): the three models by each way that they have. Each must end with the
-- new firmware, the images byte for byte, and no byte that the port's protocol does not have.
local stage = require "tests.peer.stage"
local support = require "tests.support"

-- The modem runs, prefers and stores the pair, and its radio is on.
local function assert_updated(peer, name, pair)
  local state = stage.state(peer, name)
  assert.equal("application", state.mode)
  assert.same(pair, state.running)
  assert.equal(0, state.power)
  assert.is_true(state.agrees)
end

local function assert_received(peer, name, files)
  for number, path in ipairs(files) do
    assert.is_true(stage.received(peer, name, number) == support.contents(path), path .. " arrived differently")
  end
end

local function has(peer, event, field, value)
  for _, entry in ipairs(stage.log(peer, event)) do
    if entry[field] == value then return true end
  end
  return false
end

describe("an update of a modem that is not our simulator", function()
  after_each(support.finish)

  local function updates(modem, files, ...)
    local peer = stage.start { modem }
    local argv = { ... }
    for _, path in ipairs(files) do argv[#argv + 1] = path end
    local run = stage.moonflash(peer, "update", unpack(argv))
    assert.equal(0, run.status, run.stderr)
    assert.same({}, stage.mistakes(peer))
    assert_received(peer, "modem", files)
    assert_updated(peer, "modem", stage.new[modem.model])
    return peer
  end

  it("takes an MC7455 there over QMI", function()
    local peer = updates({ model = "MC7455" }, stage.images("MC7455", { size = 2500000 }))
    assert.same(stage.new.MC7455, stage.state(peer).preferred)
  end)

  it("takes an MC7354 there over QMI", function()
    updates({ model = "MC7354" }, stage.images "MC7354")
  end)

  it("takes an EM7305 there that knows no preference", function()
    local peer = updates({ model = "EM7305" }, stage.images("EM7305", {}, { "package" }))
    assert.is_true(has(peer, "hold", "why", "firmware-id"))
  end)

  for _, model in ipairs { "MC7455", "MC7354" } do
    it(("takes an %s into its loader by AT!BOOTHOLD"):format(model), function()
      local peer = updates({ model = model }, stage.images(model), "--route", "boothold")
      assert.is_true(has(peer, "hold", "why", "boothold"))
    end)

    it(("sets the preference of an %s over AT"):format(model), function()
      updates({ model = model }, stage.images(model), "--route", "impref")
    end)
  end

  for _, words in ipairs { {}, { "--route", "boothold" }, { "--route", "impref" } } do
    it(("takes an MC7455 without a QMI port there over AT%s"):format(table.concat(words, " ")), function()
      updates({ model = "MC7455", composition = "at" }, stage.images "MC7455", unpack(words))
    end)
  end

  it("is content when the modem boots stored images that it listed for a download", function()
    local new = stage.new.MC7455
    local old = { firmware = "02.08.02.00", carrier = "GENERIC", config = "002.007_001" }
    local peer = stage.start { { model = "MC7455", images = { lists = "all", stored = { old, new } } } }
    local run = stage.moonflash(peer, "update", unpack(stage.images "MC7455"))
    assert.equal(0, run.status, run.stderr)
    assert.same({}, stage.log(peer, "qdl"))
    assert.equal(1, #stage.log(peer, "detach"))
    assert_updated(peer, "modem", new)
  end)

  it("updates all of several modems at once", function()
    local modems = {}
    for index = 1, 3 do
      modems[index] = { model = "MC7455", name = "modem" .. index, serial = "LQ000000000" .. index,
        places = { application = "1-1." .. index } }
    end
    local peer = stage.start(modems)
    local run = stage.moonflash(peer, "--all", "update", unpack(stage.images "MC7455"))
    assert.equal(0, run.status, run.stderr)
    assert.same({}, stage.mistakes(peer))
    for _, modem in ipairs(modems) do assert_updated(peer, modem.name, stage.new.MC7455) end
  end)
end)

describe("the independent modem itself", function()
  after_each(support.finish)

  it("ends at SIGTERM, and its devices leave", function()
    local peer = stage.start { { model = "MC7455" } }
    peer:kill "TERM"
    assert.equal(0, peer:wait())
    local log = stage.log(peer)
    assert.equal("end", log[#log].event)
    assert.equal("away", stage.state(peer, "modem").mode)
  end)

  it("records bytes that belong to no port but a loader's", function()
    local peer = stage.start { { model = "MC7455" } }
    for _, node in ipairs { "ttyUSB0", "ttyUSB2", "cdc-wdm0" } do
      local file = assert(io.open(peer.root .. "/dev/" .. node, "wb"))
      file:write "\126\112\0\0\20\70\126"
      file:close()
    end
    -- the modem has read all ports when it has answered on the last one
    assert.equal(0, stage.moonflash(peer, "at", "ATI").status)
    assert.equal(0, stage.moonflash(peer, "qmi", "dms", "0x0023").status)
    assert.equal(3, #stage.mistakes(peer))
  end)

  it("refuses a variant with an unknown field", function()
    local variant = '{ "modems": [ { "model": "MC7455", "colour": "red" } ] }'
    local run = support.run(stage.argv(support.folder(), variant))
    assert.equal(1, run.status)
    assert.truthy(run.stderr:find "no such field: colour")
  end)
end)
