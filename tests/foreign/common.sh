# Sourced by foreign.sh, luajit.sh and lnum.sh: builds for another kind of machine or of Lua, and tests in them.
# shellcheck shell=sh

# the pure ones and simulated transfers, without those that count in hundredths of a second
foreign_short='^(c|fuzz)_|^(unit|integration)_(at|bytes|crc|cwe|engine|hdlc|image|model|port|qdl|qmi_codec|trace)|^sim_update$'

# foreign_absent NAME WHY: the tests are skipped, because the distribution has no such machine
foreign_absent() {
    echo "not tested on $1: $2" >&2
    [ -z "$MOONFLASH_SKIPPED" ] || echo "$1: $2" >>"$MOONFLASH_SKIPPED"
    exit 77
}

# foreign_impossible NAME WHY: the tests are skipped, because something is missing here; in CI that is a failure
foreign_impossible() {
    [ -z "$CI" ] || { echo "not tested on $1: $2" >&2 && exit 1; }
    foreign_absent "$1" "$2"
}

# foreign_begin NAME: the folder to build in, in $build; nobody else builds there meanwhile
foreign_begin() {
    build=${FOREIGN_BUILD:-${BUILD:-build}-foreign}-$1
    mkdir -p "$build/wrappers"
    build=$(cd "$build" && pwd)
    exec 8>"$build/lock"
    flock 8
}

# foreign_build FUNCTION ARGUMENT...: calls what builds, and shows what it said only when it fails
foreign_build() {
    if ! "$@" >"$build/build.log" 2>&1; then
        cat "$build/build.log" >&2
        return 1
    fi
    exec 8>&-
}

# foreign_run [build|short|CTEST-ARGUMENT...]: the tests in the environment given; `build`: only says where
foreign_run() {
    case $1 in
    build)
        echo "$build"
        return 0
        ;;
    short) set -- -R "$foreign_short" ;;
    esac
    temporary_begin
    foreign_status=0
    PATH=$build/wrappers:$PATH ctest --test-dir "$build" -j "${AT_ONCE:-4}" -LE '^(packaging|engines)$' \
        --output-on-failure "$@" || foreign_status=1
    temporary_end || foreign_status=1
    lua5.1 tests/foreign/limits.lua "$MOONFLASH_TESTED_ON" || foreign_status=1
    return $foreign_status
}

# foreign_lua PROGRAM PC_FILE: builds where that Lua is what lua5.1 is elsewhere, for programs and compilers; the
# sanitizers are left out, because they do not see what a Lua does
foreign_lua() {
    mkdir -p "$build/pkgconfig"
    ln -sf "$1" "$build/wrappers/lua5.1"
    ln -sf "$2" "$build/pkgconfig/lua5.1.pc"
    PKG_CONFIG_PATH=$build/pkgconfig cmake -S . -B "$build" -DLUA_PROGRAM="$build/wrappers/lua5.1" \
        -DMOONFLASH_FOREIGN_TESTS=OFF -DHAVE_SANITIZERS=OFF -DMOONFLASH_WERROR="$([ -n "$CI" ] && echo ON || echo OFF)" &&
        cmake --build "$build" -j "${JOBS:-2}"
}
