#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# What sending an image costs with the drivers of a real kernel: sh tests/bench/kernel.sh [ROUNDS]
#     MEGABYTES=64        the size of the image, in MiB
#     VM_MACHINE=mipsel   on a MIPS 24Kf, with moonflash as OpenWrt's packages install it (MEGABYTES=32)
#     WAYS=PATTERN        only the ways whose names have this pattern of Lua: WAYS=: is all but dd
# A virtual machine (../kernel/vm.sh) has a simulated MC7455 as a USB device. In each round (5) every way is taken once:
# dd to a port of the modem that takes all bytes, moonflash over the tty and over USB, qmi-firmware-update. Medians; all
# is from one run, and only the ratios say something. Emulation makes everything slower.
set -e
cd "$(dirname "$0")/../.."
. tests/packages.sh
. tests/kernel/vm.sh
. tests/kernel/machines.sh

build=$(realpath -m "${BUILD:-build}")
VM_MACHINE=${VM_MACHINE:-amd64}

amd64_bench() {
    bench_run=$build/tests/bench/bench_run
    cmake --build "$build" -j "${JOBS:-2}" --target bench_run >/dev/null
}

# The peer finds the modem by udev.
mipsel_bench() {
    bench_run=/usr/bin/bench_run
    VM_UDEV=yes
    VM_MEMORY=${MEMORY:-512} # the files of the machine are in it
    : "${MEGABYTES:=32}"
    peer=$(sh tests/platforms/root.sh mipsel peer)
    tar -C "$peer" -cf - . | tar -C "$VM_ROOT" --keep-directory-symlink --skip-old-files -xf -
    mipsel-linux-gnu-gcc --sysroot="$(sh tests/platforms/root.sh mipsel)" -O2 -o "$VM_ROOT$bench_run" \
        tests/bench/run.c tests/bench/figures.c
}

# shellcheck disable=SC2046,SC2086,SC2154 # lists of words, of packages.sh
install_packages $build_packages $test_packages $("${VM_MACHINE}_packages") strace >&2
amd64_prepare
[ "$VM_MACHINE" = amd64 ] || "${VM_MACHINE}_prepare"
"${VM_MACHINE}_bench"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${VM_MACHINE}_environment" >"$folder/commands"
cat >>"$folder/commands" <<END
export MOONFLASH_SLOWNESS=20 TMPDIR=/tmp
modprobe -a \$VM_DRIVERS
mkdir /run/images
cp "\$VM_FOLDER"/*.cwe "\$VM_FOLDER"/*.nvu /run/images
exec lua5.1 tests/bench/kernel.lua "$bench_run" /run/images/*.cwe /run/images/*.nvu "${1:-5}" "$WAYS"
END
lua5.1 tests/images/make.lua "$folder" --size $((${MEGABYTES:-64} * 1048576)) >/dev/null
VM_SECONDS=${VM_SECONDS:-3000} vm_run "$folder/commands" "$folder"
