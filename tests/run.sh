#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Packages, build, luacheck and the tests:
#     sh tests/run.sh             the rings unit, integration, sim and packaging
#     sh tests/run.sh RING...     these rings; tests/rings.sh has the list
#     sh tests/run.sh all         all rings
# The exit status is 0 when all is well. At the end stand the rings and tests that were left out, with the
# reason, and ctest's closing line. With CI set all rings run, warnings of the compiler are errors, and a ring
# whose packages cannot be installed is a failure.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/rings.sh
. tests/temporary.sh

build=${BUILD:-build}
jobs=${JOBS:-2}
at_once=${AT_ONCE:-5} # tests: they mostly wait for simulated modems
status=0
ready=    # the rings that run
left_out= # lines: ring, reason

leave_out() {
    left_out="$left_out  $1: $2
"
}

# prepare RING: installs its packages; a ring that cannot run here is left out
prepare() {
    packages=$(ring_field 2 "$1")
    absent=$(machine_absent "$1")
    if [ -n "$absent" ]; then
        leave_out "$1" "$absent"
    elif [ "$1" = engines ] && [ -d /run/systemd/system ] && [ "$named" != yes ]; then
        leave_out "$1" "its packages would start services here (sh tests/run.sh engines)"
    elif without_services install_packages $packages; then
        ready="$ready $1"
    else
        leave_out "$1" "these packages cannot be installed:$(missing_packages $packages | sed 's/^/ /' | tr -d '\n')"
        [ -z "$CI" ] || status=1
    fi
}

# the rings that do not belong to the normal run
leave_extras_out() {
    for ring in $(rings_chosen all); do
        why=$(ring_field 3 "$ring")
        [ -z "$why" ] || leave_out "$ring" "$why (sh tests/run.sh $ring)"
    done
}

# A label of ctest that is no ring would never run.
check_labels() {
    for label in $(ctest --test-dir "$build" --print-labels | awk '/^ / { print $1 }'); do
        [ -n "$(rings | grep "^$label|")" ] || { echo "tests/rings.sh has no ring $label" >&2 && status=1; }
    done
}

report() {
    [ -z "$left_out" ] || printf '\nRings that did not run:\n%s' "$left_out"
    [ ! -s "$MOONFLASH_SKIPPED" ] || printf '\nTests that did not run:\n%s\n' "$(sort -u "$MOONFLASH_SKIPPED" | sed 's/^/  /')"
    echo
    grep 'tests passed,' "$build/ctest.log" || true
}

[ $# != 0 ] || [ -z "$CI" ] || set -- all
chosen=$(rings_chosen "$@")
named=yes
case $* in
all) named= ;;
'') leave_extras_out ;;
esac

# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages
for ring in $chosen; do prepare "$ring"; done
cmake -S . -B "$build" -DMOONFLASH_TESTS=ON -DMOONFLASH_WERROR="$([ -n "$CI" ] && echo ON || echo OFF)"
cmake --build "$build" -j "$jobs"
check_labels
temporary_begin
MOONFLASH_SKIPPED=$(cd "$build" && pwd)/skipped
export MOONFLASH_SKIPPED
: >"$MOONFLASH_SKIPPED"
luacheck --quiet --no-color lua scripts tests || status=1
ctest --test-dir "$build" -j "$at_once" --output-on-failure --output-log "$build/ctest.log" \
    -L "^($(echo $ready | tr ' ' '|'))\$" || status=1
temporary_end || status=1
report
exit $status
