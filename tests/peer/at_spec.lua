-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Answers over AT that come late, or that say that there is no such command.
local at = require "moonflash.protocol.at"
local stage = require "tests.peer.stage"
local support = require "tests.support"

-- An AT session with an MC7455 that answers as given.
local function session_with(settings)
  local peer = stage.start { { model = "MC7455", at = settings } }
  return assert(at.open(peer.root .. "/dev/ttyUSB2")), peer
end

describe("an answer that comes after its timeout", function()
  after_each(support.finish)

  for _, echo in ipairs { true, false } do
    it("is not taken for that of the next command " .. (echo and "with" or "without") .. " echo", function()
      local session = session_with { echo = echo, late = { ["AT+CPIN?"] = 1 },
        replies = { ["AT+CPIN?"] = { "+CPIN: READY", "OK" } } }
      assert.equal("at.timeout", support.code_of(session:command("AT+CPIN?", 300)))
      local answer = assert(session:command("ATI", 5000))
      assert.equal("Manufacturer: Sierra Wireless, Incorporated", answer[1])
      assert.same({}, { unpack(assert(session:command "AT")) })
      session:close()
    end)
  end

  it("makes the next command fail while it has not come", function()
    local session, peer = session_with { late = { ["AT!SKU?"] = 1.5 } }
    assert.equal("at.timeout", support.code_of(session:command("AT!SKU?", 100)))
    assert.equal("at.timeout", support.code_of(session:command("ATI", 100)))
    assert.equal(1, #stage.log(peer, "at"))
    assert.equal("Manufacturer: Sierra Wireless, Incorporated", assert(session:command("ATI", 5000))[1])
    session:close()
  end)
end)

describe("a command that a modem does not implement", function()
  after_each(support.finish)

  for name, lines in pairs { ["nothing"] = {}, OK = { "OK" }, ERROR = { "ERROR" } } do
    it("is refused at once, with " .. name .. " behind it", function()
      local session = session_with { replies = { ["AT!BOOTHOLD"] = { "!BOOTHOLD: NOT IMPLEMENTED", unpack(lines) } } }
      assert.equal("at.not_implemented", support.code_of(session:command("AT!BOOTHOLD", 5000)))
      assert.equal("Manufacturer: Sierra Wireless, Incorporated", assert(session:command "ATI")[1])
      session:close()
    end)
  end

  it("is no way into download mode", function()
    local peer = stage.start { { model = "MC7455", at = { replies = {
      ["AT!BOOTHOLD"] = { "!BOOTHOLD: NOT IMPLEMENTED", "OK" } } } } }
    local run = stage.moonflash(peer, "update", "--route", "boothold", unpack(stage.images "MC7455"))
    assert.equal("job.not_entered", run.result.failure.code)
    assert.equal(6, run.status)
    assert.matches("does not know this command", run.result.failure.evidence)
  end)
end)
