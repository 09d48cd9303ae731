#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The heavy runs: sh tests/long.sh [PART...], all but `whole` if none is named.
#   matrix    every model and route x every message x every fault; what follows the first image is the same
#             on all routes, so on further routes of a model it is left out
#   whole     the matrix with nothing left out
#   kill      signals at every step, every message and at 200 instants
#   peer      the matrix and the kill sweep with the independent modem (tests/peer)
#   zoo       updates of 200 modems that are drawn from a seed (ZOO_SEED; tests/peer)
#   fuzz      every target for FUZZ_SECONDS (600) under libFuzzer, two at a time (needs clang)
#   sanitize  all tests under ASan, LSan and UBSan, in a build of their own
#   valgrind  a whole update with 64 MB under memcheck
#   analyse   cppcheck, clang-tidy and shellcheck (tests/analyse.sh)
#   platforms the tests on mipsel and s390x, emulated, and with other kinds of Lua
#   kernel    the drivers of real kernels, x86 and MIPS, in virtual machines (tests/kernel.sh)
#   coverage  the normal tests, and how much of core/ and lua/ they run (tests/coverage.sh)
# The exit status is 0 when all is well.
cd "$(dirname "$0")/.." || exit 1
. tests/packages.sh
. tests/temporary.sh
temporary_begin || exit 1

build=${BUILD:-build}
jobs=${JOBS:-2}

# Runs a Lua file of the tests with the modules of the build.
run_lua() {
    LUA_PATH="$build/lua/?.lua;lua/?.lua;lua/?/init.lua;?.lua;;" LUA_CPATH="$build/lua/?.so;;" \
        MOONFLASH="$build/moonflash" lua5.1 "$@"
}

build_as() {
    cmake -S . -B "$@" -DMOONFLASH_TESTS=ON >/dev/null && cmake --build "$1" -j "$jobs" >/dev/null
}

part_matrix() {
    build_as "$build" && run_lua tests/matrix/main.lua matrix
}

part_whole() {
    build_as "$build" && run_lua tests/matrix/main.lua whole
}

part_kill() {
    build_as "$build" && run_lua tests/matrix/main.lua kill "${SEED:-1}"
}

part_peer() {
    build_as "$build" && run_lua tests/matrix/main.lua peer
}

part_zoo() {
    build_as "$build" && ZOO_DRAWS=${ZOO_DRAWS:-200} run_lua tests/busted.lua tests/peer/zoo_spec.lua
}

# What analyses the sources says the same in every build; memory is not what it is without sanitizers. They
# make programs slow: who misses a download window in time that runs a hundred times as fast has a second try.
part_sanitize() {
    build_as "$build-sanitize" -DMOONFLASH_SANITIZE=ON &&
        ctest --test-dir "$build-sanitize" -j "$jobs" --output-on-failure --repeat until-pass:2 \
            -E '^analyse|^unit_footprint$|^sim_memory$'
}

part_valgrind() {
    # shellcheck disable=SC2086 # a list of words
    install_packages $test_packages && build_as "$build" &&
        MOONFLASH_CHECKED=valgrind MOONFLASH_CHECKED_SIZE=64000000 \
            run_lua tests/busted.lua tests/checked/update_spec.lua
}

part_fuzz() {
    BUILD=$build sh tests/fuzz/run.sh
}

part_analyse() {
    BUILD=$build sh tests/analyse.sh
}

part_platforms() {
    platform_failed=0
    for machine in mipsel s390x; do
        BUILD=$build sh tests/platform.sh $machine || platform_failed=1
    done
    BUILD=$build sh tests/luajit.sh || platform_failed=1
    BUILD=$build sh tests/lnum.sh || platform_failed=1
    BUILD=$build sh tests/lua54.sh || platform_failed=1
    return $platform_failed
}

part_kernel() {
    kernel_failed=0
    BUILD=$build sh tests/kernel.sh || kernel_failed=1
    BUILD=$build sh tests/kernel.sh mipsel || kernel_failed=1
    return $kernel_failed
}

part_coverage() {
    BUILD=$build sh tests/coverage.sh
}

status=0
# shellcheck disable=SC2048 # the names of parts are words
for part in ${*:-matrix kill peer zoo fuzz sanitize valgrind analyse platforms kernel coverage}; do
    case $part in
    matrix | whole | kill | peer | zoo | fuzz | sanitize | valgrind | analyse | platforms | kernel | coverage)
        "part_$part" || status=1
        ;;
    *)
        echo "there is no part $part: see the head of $0" >&2
        exit 1
        ;;
    esac
done
temporary_end || status=1
exit $status
