#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# What sending an image costs with the drivers of a real kernel: sh tests/bench/kernel.sh [ROUNDS]
#     MEGABYTES=64   the size of the image, in MiB
# A virtual machine (../kernel/vm.sh) has a simulated MC7455 as a USB device. In each round (5) every way is taken once:
# dd to a port of the modem that takes all bytes, moonflash over the tty and over USB, qmi-firmware-update. Medians; all
# is from one run, and only the ratios say something. Emulation makes everything slower.
set -e
cd "$(dirname "$0")/../.."
. tests/packages.sh
. tests/kernel/vm.sh

build=$(realpath -m "${BUILD:-build}")
# shellcheck disable=SC2086,SC2154 # lists of words, of packages.sh
install_packages $build_packages $test_packages $kernel_packages strace >&2
cmake -S . -B "$build" -DMOONFLASH_TESTS=ON >/dev/null
cmake --build "$build" -j "${JOBS:-2}" --target all bench_run >/dev/null

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/commands" <<END
export LUA_PATH="$build/lua/?.lua;$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;"
export LUA_CPATH="$build/lua/?.so;;" MOONFLASH="$build/moonflash" MOONFLASH_SLOWNESS=20
modprobe -a \$VM_DRIVERS
exec lua5.1 tests/bench/kernel.lua "$build/tests/bench/bench_run" "${MEGABYTES:-64}" "${1:-5}"
END
VM_SECONDS=3000 vm_run "$folder/commands" "$folder"
