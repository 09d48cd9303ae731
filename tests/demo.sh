#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# A whole update of a software modem, from nothing: packages, build, images of 64 MB, the simulator,
# the update with its progress, the versions before and after. Leaves only the build behind. For root, with the
# kernel module vhci_hcd loaded, the modem is a USB device of this computer, else it is below a folder.
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

# The serial number keeps other modems of this computer out.
on_the_modem() {
    "$moonflash" --root "$root" --serial LQ63350012031018 "$@"
}

versions() {
    on_the_modem qmi dms swi_get_current_firmware
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
usb= # the kernel needs a part of the time that the loader waits, which passes faster here
[ ! -w /sys/devices/platform/vhci_hcd.0/attach ] || usb="--usb --fault window=600"
# shellcheck disable=SC2086 # options or nothing
"$moonflash" simulate mc7455 $usb --dir "$work/modem" --time-scale "${TIME_SCALE:-0.02}" \
    >"$work/root" 2>"$work/simulator.log" &
simulator=$!
await_simulator
root=$(head -n 1 "$work/root")
on_the_modem devices

say "versions before"
versions

say "moonflash update"
on_the_modem update "$work"/images/*

say "versions after"
versions
