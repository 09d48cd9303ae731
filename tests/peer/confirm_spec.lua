-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- A modem that does not answer after an update: the wait has an end, and the failure says what may help.
local stage = require "tests.peer.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local SCALE = 0.05
local MOST_MS = 180000 * SCALE

local function update(modem, ...)
  modem.model = "MC7455"
  local peer = stage.start { modem }
  local argv = { "--timeout-scale", tostring(SCALE), ... }
  for _, path in ipairs(stage.images "MC7455") do argv[#argv + 1] = path end
  local began = sys.clock_ms()
  return stage.moonflash(peer, unpack(argv)), peer, sys.clock_ms() - began
end

local function in_time(ms)
  assert.is_true(ms < MOST_MS + 15000 * support.slowness, ("%.0f ms"):format(ms))
end

describe("a modem that never answers", function()
  after_each(support.finish)

  for _, silent in ipairs { { "qmi" }, { "qmi", "at" } } do
    it("after an update is waited for at most 3 minutes: silent are " .. table.concat(silent, ", "), function()
      local run, _, ms = update({ after_image = { silent = silent } }, "update")
      assert.equal(8, run.status, run.stderr)
      assert.matches("AT!RESET", run.result.failure.hint)
      assert.matches("waiting up to 3 min", run.stderr)
      in_time(ms)
    end)
  end

  it("is not waited for longer by a recovery", function()
    local peer, began = stage.start { { model = "MC7455", silent = { "qmi" } } }, sys.clock_ms()
    local run = stage.moonflash(peer, "--timeout-scale", tostring(SCALE), "recover")
    assert.is_false(run.result.ok)
    in_time(sys.clock_ms() - began)
  end)
end)

describe("a modem that comes back late and never answers", function()
  after_each(support.finish)

  it("is waited for at most 5 minutes in all", function()
    local away = { answer = 0, detach = 0.05, away = 200 * SCALE, boot = 0, ports = 0 }
    local run = update({ after_image = { silent = { "qmi", "at" }, pace = away } }, "update")
    assert.equal(8, run.status, run.stderr)
    local began
    for _, line in ipairs(run.lines) do
      if line.step == "wait for the modem" and line.state == "started" then began = line.t end
    end
    local ms = run.result.t - began
    assert.is_true(ms > 200000 * SCALE and ms < 300000 * SCALE + 1000 * support.slowness, ("%.0f ms"):format(ms))
  end)
end)

describe("a modem that answers slowly after an update", function()
  after_each(support.finish)

  it("is confirmed", function()
    local run = update({ pace = { answer = 0.02 } }, "update")
    assert.equal(0, run.status, run.stderr)
    assert.is_nil(run.stderr:find "waiting up to 3 min")
  end)
end)
