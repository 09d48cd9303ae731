-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Results and exit statuses.
local failure = require "moonflash.base.failure"
local results = require "moonflash.commands.result"

local function job(phase, more)
  local made = { phase = phase, device = { place = "1-1", vid = "1199", pid = "9071", mode = "application" } }
  for name, value in pairs(more or {}) do made[name] = value end
  return made
end

local function status(phase, code)
  return results.of(job(phase), failure.new(code, "it failed")).exit
end

describe("the exit status", function()
  it("is decided by how far the job was", function()
    assert.equal(3, status("untouched", "qmi.timeout"))
    assert.equal(6, status("entering", "qdl.silent"))
    assert.equal(7, status("transfer", "qmi.timeout"))
    assert.equal(8, status("booting", "device.not_seen"))
  end)

  it("is decided by some codes alone", function()
    for _, phase in ipairs { "untouched", "entering", "transfer", "booting" } do
      assert.equal(9, status(phase, "job.interrupted"))
      assert.equal(5, status(phase, "device.none"))
      assert.equal(10, status(phase, "script.raised"))
    end
    assert.equal(4, status("untouched", "image.corrupt"))
    assert.equal(4, status("entering", "source.closed"))
    assert.equal(7, status("transfer", "source.closed"))
  end)

  it("of a failure without a job is decided by its code, and by whether an image was opened", function()
    for code, expected in pairs { ["qdl.silent"] = 3, ["port.busy"] = 3, ["transfer.interrupted"] = 9,
                                  ["image.corrupt"] = 4, usage = 1, internal = 10 } do
      assert.equal(expected, results.bad(failure.new(code, "it failed")).exit, code)
    end
    assert.equal(7, results.bad(failure.new("qdl.write_refused", "error 7", { image_opened = true })).exit)
    assert.equal(7, results.bad(failure.new("source.closed", "gone", { image_opened = true })).exit)
  end)

  it("is kept by a failure that a script hands on", function()
    local problem = failure.new("qmi.timeout", "late")
    assert.equal(7, results.of(job "transfer", problem).exit)
    assert.equal(7, results.of(job "untouched", problem).exit)
    assert.equal(7, results.bad(problem).exit)
  end)
end)

describe("a result", function()
  it("has the versions and the failure of its job, and where the modem was", function()
    local problem = failure.new("qmi.timeout", "late")
    local result = results.of(job("booting", { before = { firmware = "1" }, after = { firmware = "2" } }), problem)
    assert.same({ false, 8, "1", "2" }, { result.ok, result.exit, result.before.firmware, result.after.firmware })
    assert.equal(problem, result.failure)
    assert.equal("1-1 unknown model 1199:9071, running", problem.evidence)
  end)

  it("says that there was nothing to do only if the modem is untouched", function()
    assert.equal(2, results.of(job("untouched", { up_to_date = true })).exit)
    assert.equal(0, results.of(job("booting", { up_to_date = true })).exit)
    assert.equal(0, results.of(job "untouched").exit)
  end)
end)
