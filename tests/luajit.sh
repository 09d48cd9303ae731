#!/bin/sh
# The tests with LuaJIT instead of Lua 5.1, in the program too: sh tests/luajit.sh [build|CTEST-ARGUMENT...]
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh
. tests/foreign/lua.sh

# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages $luajit_packages
test_with_lua luajit "$(command -v luajit)" "$(pkg-config --variable=pcfiledir luajit)/luajit.pc" "$@"
