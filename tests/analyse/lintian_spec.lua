-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The Debian packages have no errors and no warnings of lintian.
local clients = require "tests.packaging.clients"
local support = require "tests.support"

describe("the Debian packages", function()
  after_each(support.finish)

  it("are clean for lintian", function()
    local missing = clients.missing("lintian") or select(2, clients.debian_package "moonflash")
    if missing then return pending(missing) end
    local argv = { "lintian", "--allow-root", "--fail-on", "error,warning" }
    for _, name in ipairs { "moonflash", "moonflash-deploy" } do argv[#argv + 1] = clients.debian_package(name) end
    -- lintian sometimes leaves files in TMPDIR
    local run = support.run(argv, { deadline_ms = 200000, environment = { TMPDIR = support.folder() } })
    assert.equal(0, run.status, run.stdout .. run.stderr)
  end)
end)
