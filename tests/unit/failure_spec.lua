-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- Failures made in C: a code and a subject there, the message here.
local codes = require "moonflash.base.failure_codes"
local failure = require "moonflash.base.failure"
local support = require "tests.support"

describe("a failure made in C", function()
  after_each(support.finish)

  it("has a message only for codes that there are", function()
    for code in pairs(codes.messages) do assert.is_string(codes.hints[code] or codes.hints["port." .. code], code) end
  end)

  it("gets further evidence", function()
    local problem = failure.new("usage", "wrong")
    failure.add_evidence(problem, "one")
    failure.add_evidence(problem, "two")
    assert.equal("one; two", problem.evidence)
  end)

  it("has its message also when nothing else of the library is loaded", function()
    local ended = support.run(support.lua([[
      local sys, port = require "moonflash.core.sys", require "moonflash.core.port"
      local _, path = sys.pty()
      local _, problem = assert(port.open(path)):read(1, 0)
      io.stdout:write(problem.code, " ", (problem.message:gsub(path, "PATH")))
    ]]))
    assert.equal("port.timeout PATH: nothing was received in time", ended.stdout)
  end)
end)
