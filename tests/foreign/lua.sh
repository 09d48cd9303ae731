# Sourced by the scripts that test with another Lua than Debian's lua5.1: a build of its own where that Lua
# is what lua5.1 is elsewhere, for programs and for compilers.

# test_with_lua NAME PROGRAM PC_FILE [CTEST-ARGUMENT...]: with `build` as the first of them only the build,
# and its folder is printed
test_with_lua() {
    build=${FOREIGN_BUILD:-${BUILD:-build}-foreign}-$1
    mkdir -p "$build/wrappers" "$build/pkgconfig"
    build=$(cd "$build" && pwd)
    ln -sf "$2" "$build/wrappers/lua5.1"
    ln -sf "$3" "$build/pkgconfig/lua5.1.pc"
    shift 3
    exec 8>"$build/lock"
    flock 8
    configure_with_lua >"$build/build.log" 2>&1 || {
        cat "$build/build.log" >&2
        return 1
    }
    exec 8>&-
    if [ "$1" = build ]; then
        echo "$build"
        return 0
    fi
    temporary_begin
    status=0
    PATH=$build/wrappers:$PATH \
        ctest --test-dir "$build" -j "${AT_ONCE:-4}" -LE '^(packaging|foreign)$' --output-on-failure "$@" || status=1
    temporary_end || status=1
    return $status
}

configure_with_lua() {
    PKG_CONFIG_PATH=$build/pkgconfig cmake -S . -B "$build" -DLUA_PROGRAM="$build/wrappers/lua5.1"
    cmake --build "$build" -j "${JOBS:-2}"
}
