#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# A whole update of a software modem, from nothing: packages, build, images of 64 MB, the simulator,
# the update with its progress, the versions before and after. Leaves only the build behind.
#   sh tests/demo.sh            BUILD=folder, TIME_SCALE=0.02 (of a real modem's times)
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh

build=${BUILD:-build}
moonflash=$build/moonflash
work=
simulator=

finish() {
    status=$?
    trap - EXIT
    if [ -n "$simulator" ]; then
        kill "$simulator" 2>/dev/null || true
        wait "$simulator" 2>/dev/null || true
    fi
    [ -z "$work" ] || rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() {
    printf '\n== %s\n' "$*"
}

# The first line of the simulator is its root, printed when the modem is there.
await_simulator() {
    tries=100
    until [ -s "$work/root" ]; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ] || ! kill -0 "$simulator" 2>/dev/null; then
            echo "the simulator did not start:" >&2
            cat "$work/simulator.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

versions() {
    "$moonflash" --root "$root" qmi dms swi_get_current_firmware
}

say "building moonflash"
install_packages $build_packages
cmake -S . -B "$build" >/dev/null
cmake --build "$build" -j 2 >/dev/null

say "making images of 64 MB, and a software MC7455"
work=$(mktemp -d)
mkdir "$work/images"
LUA_PATH="$build/lua/?.lua;lua/?.lua;lua/?/init.lua;?.lua;;" LUA_CPATH="$build/lua/?.so;;" \
    lua5.1 tests/images/make.lua "$work/images" --size 64000000
"$moonflash" simulate mc7455 --dir "$work/modem" --time-scale "${TIME_SCALE:-0.02}" \
    >"$work/root" 2>"$work/simulator.log" &
simulator=$!
await_simulator
root=$(head -n 1 "$work/root")
"$moonflash" --root "$root" devices

say "versions before"
versions

say "moonflash update"
"$moonflash" --root "$root" update "$work"/images/*

say "versions after"
versions
