#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The tests with LuaJIT instead of Lua 5.1, in the program too:
#     sh tests/luajit.sh [short|build|CTEST-ARGUMENT...]     as with platform.sh
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh
. tests/platforms/common.sh

# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages $luajit_packages >&2 ||
    platform_impossible LuaJIT "packages are missing: $luajit_packages"
luajit=$(command -v luajit) || platform_impossible LuaJIT "there is no luajit"
platform_begin luajit
platform_build platform_lua "$luajit" "$(pkg-config --variable=pcfiledir luajit)/luajit.pc"
MOONFLASH_TESTED_ON=luajit
export MOONFLASH_TESTED_ON
platform_run "$@"
