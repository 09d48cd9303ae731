-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Answers that never come: each wait has a limit of its own, and the update continues. The limits are read from the
-- messages and the log of the modem, in the time of the program.
local stage = require "tests.peer.stage"
local support = require "tests.support"

local SCALE = 0.1

local function update(peer, ...)
  local argv = { "--timeout-scale", tostring(SCALE), "update", ... }
  for _, path in ipairs(stage.images "MC7455") do argv[#argv + 1] = path end
  return stage.moonflash(peer, unpack(argv))
end

local function message_of(run, step)
  for _, line in ipairs(run.lines) do
    if line.step == step and line.state == "failed" then return line.message end
  end
end

describe("a lost answer", function()
  after_each(support.finish)

  it("to Set Firmware ID lets the next route begin after 30 s, when the modem does not leave", function()
    local peer = stage.start { { model = "MC7455", messages = { ["0x003e"] = { silent = true } } } }
    local run = update(peer, "--route", "firmware-id")
    assert.equal(6, run.status, run.stderr)
    assert.matches("did not restart within 3 s", message_of(run, "route firmware-id"))
    assert.equal("application", stage.state(peer).mode)
  end)

  it("to done is waited for 30 s, and the image is sent again", function()
    local peer = stage.start { { model = "MC7455", faults = { ["qdl.done#1"] = { "lost" } } } }
    local run = update(peer)
    assert.equal(0, run.status, run.stderr)
    local log = stage.log(peer, "message")
    for index, entry in ipairs(log) do
      if entry.fault == "lost" then
        local seconds = (log[index + 1].t - entry.t) / SCALE
        assert.is_true(seconds >= 29 and seconds < 120, ("%.1f s"):format(seconds))
        return
      end
    end
    error "no answer was lost"
  end)
end)

describe("a SuperSpeed modem whose loader is at a place that the kernel links to nothing", function()
  after_each(support.finish)

  it("is found beside another modem of the same ids", function()
    local places = { application = "2-3", loader = "1-6", speed = 5000 }
    local peer = stage.start { { model = "MC7455", places = places },
      { model = "MC7455", name = "other", serial = "LQ0000000002", places = { application = "2-4", speed = 5000 } } }
    local run = update(peer, "--place", "2-3")
    assert.equal(0, run.status, run.stderr)
    assert.same(stage.new.MC7455, stage.state(peer, "modem").running)
    assert.equal(2, #stage.log(peer, nil, "other"))
  end)
end)
