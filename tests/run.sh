#!/bin/sh
# Everything: packages, build, luacheck, all tests. ctest's summary closes the output; the exit
# status is 0 when all is well. With CI set warnings of the compiler are errors.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh

build=${BUILD:-build}
jobs=${JOBS:-2}
at_once=${AT_ONCE:-5} # tests: they mostly wait for simulated modems

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages $test_packages $analyse_packages $packaging_packages
# On a machine with systemd they would be there as services from the next start on: there their tests are
# skipped, and say so, unless tests/packaging/packages.sh was called.
# shellcheck disable=SC2086 # a list of words
[ -d /run/systemd/system ] || install_engines $engine_packages ||
    echo "moonflash: without the update engines their tests are skipped" >&2
# shellcheck disable=SC2046,SC2086 # lists of words
install_packages $(foreign_packages mipsel) $(foreign_packages s390x) $luajit_packages ||
    echo "moonflash: without these packages the tests on other machines are skipped, but not in CI" >&2
cmake -S . -B "$build" -DMOONFLASH_WERROR="$([ -n "$CI" ] && echo ON || echo OFF)"
cmake --build "$build" -j "$jobs"
temporary_begin
status=0
luacheck --quiet --no-color lua scripts tests || status=1
ctest --test-dir "$build" -j "$at_once" --output-on-failure || status=1
temporary_end || status=1
exit $status
