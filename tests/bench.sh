#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# What moonflash costs, beside the least that does the same: sh tests/bench.sh [--quick] [PART...]
#   transfer      64 MB through a pseudo terminal from a file, a pipe and a zip archive, beside plain write loops
#   crc           CRC-32 and image verification beside zlib and a bytewise table
#   instructions  of our own code for each MiB, beside the least (needs valgrind)
#   memory        the peak of recovering 64 MB from a file, a pipe, a web server, an archive
#   start         moonflash --version and require "moonflash"
#   appearance    from a download port's node to our first byte
# All parts if none is named: some five minutes, one with --quick. Ratios hold within one run; what
# disturbs the machine widens the range in brackets.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh

build=$(realpath -m "${BUILD:-build}")
rounds=7 tries=100 runs=50 megabytes=64
if [ "$1" = --quick ]; then
    rounds=3 tries=20 runs=10 megabytes=16
    shift
fi

# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $bench_packages
cmake -S . -B "$build" -DMOONFLASH_TESTS=ON >/dev/null
cmake --build "$build" -j "${JOBS:-2}" --target all benches >/dev/null

bench=$build/tests/bench
work=$(mktemp -d "${TMPDIR:-/tmp}/moonflash-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
export LUA_PATH="$build/lua/?.lua;lua/?.lua;lua/?/init.lua;?.lua;;" LUA_CPATH="$build/lua/?.so;;"
export MOONFLASH="$build/moonflash"

# image MEGABYTES: makes one, and an archive of it
image() {
    lua5.1 tests/images/make.lua "$work" --size "${1}000000" >/dev/null
    image=$(ls "$work"/*.cwe)
    lua5.1 - "$image" "$work/image.zip" <<'END'
local zip = require "tests.images.zip"
local path, packed = ...
local bytes = assert(io.open(path, "rb")):read "*a"
assert(io.open(packed, "wb")):write(zip.bytes { { "firmware.cwe", bytes, deflated = true } })
END
}

part_transfer() {
    image "$megabytes"
    "$bench/bench_transfer" file "$image" "$rounds"
    "$bench/bench_transfer" pipe "$image" "$rounds"
    "$bench/bench_transfer" zip "$work/image.zip" "$rounds"
}

part_crc() {
    "$bench/bench_crc"
    "$bench/bench_cwe"
}

part_instructions() {
    image 8
    sh tests/bench/instructions.sh "$bench/bench_instructions" "$image" "$work"
}

part_memory() {
    lua5.1 tests/bench/memory.lua "${megabytes}000000"
}

# started NAME COMMAND...
started() {
    printf '%-20s' "$1"
    shift
    "$bench/bench_run" "$runs" "$@"
}

part_start() {
    started lua5.1 lua5.1 -e ''
    started 'moonflash --version' "$MOONFLASH" --version
    started 'require "moonflash"' lua5.1 -e 'require "moonflash"'
}

part_appearance() {
    lua5.1 tests/bench/appearance.lua "$tries"
}

[ $# -gt 0 ] || set -- transfer crc instructions memory start appearance
for part in "$@"; do
    case $part in
    transfer | crc | instructions | memory | start | appearance)
        echo "== $part"
        "part_$part"
        ;;
    *)
        echo "there is no part $part: see the head of $0" >&2
        exit 1
        ;;
    esac
done
