-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- What holds for the project as a whole: one version.
local install = require "moonflash.base.install"
local support = require "tests.support"

describe("the version", function()
  -- The first match of a pattern in a file.
  local function of(path, pattern)
    return assert(support.contents(path):match(pattern), path .. " has no version")
  end

  local version = of("CMakeLists.txt", "project%(moonflash VERSION ([%d.]+) ")

  it("of CMakeLists.txt is that of the program", function()
    assert.equal(version, install.version)
  end)

  it("is the same in the changelogs and in OpenWrt's package", function()
    assert.equal(version, of("CHANGELOG.md", "\n## %[([%d.]+)%]"))
    assert.equal(version, of("packaging/debian/changelog", "^moonflash %(([%d.]+)%-"))
    assert.equal(version, of("packaging/openwrt/moonflash/Makefile", "\nPKG_VERSION:=([%d.]+)\n"))
    assert.equal(version, of("packaging/openwrt/luci-app-moonflash/Makefile", "\nPKG_VERSION:=([%d.]+)\n"))
  end)
end)
