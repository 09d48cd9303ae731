#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The tests with Lua 5.4 instead of Lua 5.1, in the program too:
#     sh tests/lua54.sh [short|build|CTEST-ARGUMENT...]     as with platform.sh; short: the unit tests and an update
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh
. tests/platforms/common.sh

# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages $lua54_packages >&2 ||
    platform_impossible "Lua 5.4" "packages are missing: $lua54_packages"
lua=$(command -v lua5.4) || platform_impossible "Lua 5.4" "there is no lua5.4"
platform_begin lua54
platform_build platform_lua "$lua" "$(pkg-config --variable=pcfiledir lua5.4)/lua5.4.pc" -DMOONFLASH_LUA=5.4
MOONFLASH_TESTED_ON=lua54
export MOONFLASH_TESTED_ON
platform_short='^(c|unit)_|^integration_(api|user_code)$|^sim_update$'
platform_run "$@"
