# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Sourced by platform.sh, luajit.sh, lnum.sh and lua54.sh: builds for another kind of machine or of Lua, and tests in
# them.
# shellcheck shell=sh

# the pure ones and simulated transfers, without those that count in hundredths of a second
platform_short='^(c|fuzz)_|^(unit|integration)_(at|bytes|crc|cwe|engine|hdlc|image|model|port|qdl|qmi_codec|trace)|^sim_update$'

# platform_absent NAME WHY: the tests are skipped, because the distribution has no such machine
platform_absent() {
    echo "not tested on $1: $2" >&2
    [ -z "$MOONFLASH_SKIPPED" ] || echo "$1: $2" >>"$MOONFLASH_SKIPPED"
    exit 77
}

# platform_impossible NAME WHY: the tests are skipped, because something is missing here; in CI that is a failure
platform_impossible() {
    [ -z "$CI" ] || { echo "not tested on $1: $2" >&2 && exit 1; }
    platform_absent "$1" "$2"
}

# platform_begin NAME: the folder to build in, in $build; a lock keeps other builds away
platform_begin() {
    build=${PLATFORM_BUILD:-${BUILD:-build}-platform}-$1
    mkdir -p "$build/wrappers"
    build=$(cd "$build" && pwd)
    exec 8>"$build/lock"
    flock 8
}

# platform_build FUNCTION ARGUMENT...: calls a function that builds, and shows its output only when it fails
platform_build() {
    if ! "$@" >"$build/build.log" 2>&1; then
        cat "$build/build.log" >&2
        return 1
    fi
    exec 8>&-
}

# platform_run [build|short|CTEST-ARGUMENT...]: the tests in the environment given; `build`: only says where
platform_run() {
    case $1 in
    build)
        echo "$build"
        return 0
        ;;
    short) set -- -R "$platform_short" ;;
    esac
    temporary_begin
    platform_status=0
    PATH=$build/wrappers:$PATH ctest --test-dir "$build" -j "${AT_ONCE:-4}" -LE '^(packaging|engines|browser)$' \
        --output-on-failure "$@" || platform_status=1
    temporary_end || platform_status=1
    lua5.1 tests/platforms/limits.lua "$MOONFLASH_TESTED_ON" || platform_status=1
    return $platform_status
}

# platform_lua PROGRAM PC_FILE [CMAKE-ARGUMENT...]: builds where that Lua is what lua5.1 is elsewhere, for programs
# and compilers; the sanitizers are left out, because they do not see what a Lua does
platform_lua() {
    mkdir -p "$build/pkgconfig"
    ln -sf "$1" "$build/wrappers/lua5.1"
    ln -sf "$2" "$build/pkgconfig/lua5.1.pc"
    shift 2
    PKG_CONFIG_PATH=$build/pkgconfig cmake -S . -B "$build" -DLUA_PROGRAM="$build/wrappers/lua5.1" \
        -DMOONFLASH_FOREIGN_TESTS=OFF -DHAVE_SANITIZERS=OFF \
        -DMOONFLASH_WERROR="$([ -n "$CI" ] && echo ON || echo OFF)" "$@" &&
        cmake --build "$build" -j "${JOBS:-2}"
}
