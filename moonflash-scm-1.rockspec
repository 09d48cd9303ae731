-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

rockspec_format = "3.0"
package = "moonflash"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "Firmware updates of Sierra Wireless LTE modems",
  detailed = "A core in C and everything that is a decision in Lua; the procedure of a modem is one script.",
  license = "GPL-2.0-or-later",
}
supported_platforms = { "linux" }
dependencies = { "lua ~> 5.1", "lua-cjson" }
external_dependencies = {
  SERIALPORT = { header = "libserialport.h" },
}
build = {
  type = "cmake",
  variables = {
    CMAKE_INSTALL_PREFIX = "$(PREFIX)",
    CMAKE_BUILD_TYPE = "MinSizeRel",
    MOONFLASH_LUA_DIR = "lua",
    MOONFLASH_CMODULE_DIR = "lib",
    MOONFLASH_SCRIPTS_DIR = "lua/moonflash/scripts",
    MOONFLASH_TESTS = "OFF",
  },
}
