-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The bundled procedures of the other models leave no modem broken, whatever the fault.
local support = require "tests.support"

describe("moonflash test-script", function()
  after_each(support.finish)

  for _, name in ipairs { "mc7354", "em7305" } do
    it("finds no fault that breaks a modem by the script " .. name, function()
      local run = support.run({ support.program, "test-script", name }, { deadline_ms = 140000 })
      assert.equal(0, run.status, run.stdout .. run.stderr)
      assert.falsy(run.stdout:find(" recovered ", 1, true), run.stdout)
    end)
  end
end)
