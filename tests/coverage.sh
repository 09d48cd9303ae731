#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# How much of core/ and lua/ the normal tests run: sh tests/coverage.sh [CTEST ARGUMENT...]
# A build of its own, the tests in it, and a table of the files, the worst first. The exit status is 0
# when a test run of everything reaches the targets (tests/coverage/report.lua).
#
# C is counted by gcov. Lua lines are counted by tests/coverage/line_hook.c, which LUA_INIT brings into
# every lua5.1, and a stand-in for moonflash.cli beside the program into every moonflash.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh

source=$PWD
build=${BUILD:-build}-coverage
jobs=${JOBS:-2}
at_once=${AT_ONCE:-3}

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages $test_packages
rm -rf "$build" # counts of an older build do not fit
cmake -S . -B "$build" -DMOONFLASH_FOREIGN_TESTS=OFF -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS="--coverage -O0" >/dev/null
cmake --build "$build" -j "$jobs" >/dev/null
build=$(cd "$build" && pwd)

hook=$build/line_hook.so
# shellcheck disable=SC2046 # a list of words
cc -O2 -fPIC -shared $(pkg-config --cflags lua5.1) -o "$hook" tests/coverage/line_hook.c
cat >"$build/hook.lua" <<END
local hook = package.loadlib("$hook", "luaopen_line_hook")
if hook then hook() end -- another Lua than 5.1 goes without
END
cat >"$build/lua/moonflash/cli.lua" <<END
dofile "$build/hook.lua"
return dofile "$source/lua/moonflash/cli/init.lua"
END
LUA_INIT=@$build/hook.lua
LINE_HOOK_FILE=$build/lua.seen
export LUA_INIT LINE_HOOK_FILE

# Not here: what measures an ordinary build, what does not run our code, and scripts that are stopped in
# the hook which the counting needs.
temporary_begin
ctest --test-dir "$build" -j "$at_once" --output-on-failure -E '^(unit_footprint|analyse|unit_user_code)$' \
    "$@" || tests=failed

unset LUA_INIT
# what the sanitizers add has branches of its own
find "$build" -name '*.gcda' ! -path '*/sanitized*' -exec gcov --branch-probabilities --json-format --stdout {} + \
    >"$build/gcov.json" 2>/dev/null
find lua -name '*.lua' | while read -r file; do
    echo "file $file"
    luac5.1 -l -p "$file"
done >"$build/lua.listing"
lua5.1 tests/coverage/report.lua "$build" && [ -z "$tests" ]
