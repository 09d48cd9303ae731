-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Loaders that take no byte for a while after they have appeared.
local device = require "moonflash.device"
local download = require "moonflash.protocol.qdl"
local flash = require "moonflash"
local stage = require "tests.peer.stage"
local support = require "tests.support"

local function updated(peer, run)
  assert.equal(0, run.status, run.stderr)
  assert.same({}, stage.mistakes(peer))
  local state = stage.state(peer)
  assert.equal("application", state.mode)
  assert.same(stage.new[peer.model], state.running)
end

local function start(model, loader, more)
  local modem = { model = model, loader = loader }
  for name, value in pairs(more or {}) do modem[name] = value end
  local peer = stage.start { modem }
  peer.model = model
  return peer
end

-- Times are a tenth: a greeting a 0.1 s, 12 s for each way into download mode.
local function update(peer, ...)
  local argv = { "--timeout-scale", "0.1", "update", ... }
  for _, path in ipairs(stage.images(peer.model)) do argv[#argv + 1] = path end
  return stage.moonflash(peer, unpack(argv))
end

local function restarts(peer)
  local count = 0
  for _, entry in ipairs(stage.log(peer)) do count = count + (entry.event == "detach" and 1 or 0) end
  return count
end

describe("a loader that takes no byte after it appeared", function()
  after_each(support.finish)

  for _, model in ipairs { "MC7455", "MC7354" } do
    for _, seconds in ipairs { 1.2, 4 } do
      it(("for %.0f s is greeted until it answers: %s"):format(seconds * 10, model), function()
        local peer = start(model, { swallow = seconds })
        updated(peer, update(peer, "--route", "preference"))
        assert.equal(2, restarts(peer)) -- into download mode, and out of it
      end)
    end
  end

  it("and was there before the update is greeted, too", function()
    local peer = start("MC7455", { swallow = 4 }, { start = "loader" })
    updated(peer, update(peer))
  end)

  it("is left in time by a recovery", function()
    local peer = start("MC7455", { swallow = 4 }, { start = "loader" })
    local run = stage.moonflash(peer, "--timeout-scale", "0.1", "recover")
    assert.equal(0, run.status, run.stderr)
    assert.same({}, stage.mistakes(peer))
  end)

  it("for the whole time of a way is given up, and its window brings the modem back", function()
    local peer = start("MC7455", { swallow = 60, window = 8 })
    local run = update(peer, "--route", "boothold", "--timeout-scale", "0.05")
    assert.is_false(run.result.ok)
    assert.equal("application", stage.state(peer).mode)
  end)
end)

describe("a port that is another device's by now", function()
  local is_there = device.is_there

  after_each(function()
    device.is_there = is_there
    support.finish()
  end)

  it("gets no byte of QDL", function()
    local peer = start "MC7455"
    local session, problem = download.open(peer.root .. "/dev/ttyUSB0", { is_there = function() return false end })
    assert.equal("port.closed", support.code_of(session, problem))
    assert.equal(0, stage.moonflash(peer, "at", "ATI").status) -- the modem has read all its ports then
    assert.same({}, stage.mistakes(peer))
  end)

  it("is recognised by a job", function()
    local peer = start("MC7455", { window = 60 }, { start = "loader" })
    device.is_there = function(dev) return dev.mode ~= "download" end
    local result = flash.update { root = peer.root, files = stage.images "MC7455", emit = function() end,
      options = { timeout_scale = 0.1 } }
    assert.is_false(result.ok)
    assert.same({}, stage.log(peer, "qdl"))
  end)
end)
