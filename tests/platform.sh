#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The tests on another kind of machine, a little- or a big-endian one, emulated by qemu-user:
#     sh tests/platform.sh mipsel|s390x                    all of them
#     sh tests/platform.sh mipsel short                    the pure ones and simulated transfers
#     sh tests/platform.sh mipsel build                    only the build; prints its folder
#     sh tests/platform.sh mipsel CTEST-ARGUMENT...        some of them
# A compiler of this machine builds against that machine's Debian packages (platforms/root.sh); the programs
# run from there too. The kernel need not know about programs of that machine: what a test starts is a wrapper that
# starts the emulator. What cannot be tested so is in platforms/limits.lua.
# Exit status 77: it cannot be done here, and why; with CI set that is a failure.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh
. tests/platforms/common.sh

machine=$1
[ $# = 0 ] || shift
case $machine in
mipsel | s390x) compiler=$machine-linux-gnu ;;
*)
    sed -n '2,6s/^# //p' "$0" >&2
    exit 1
    ;;
esac

absent=$(machine_absent "$machine")
[ -z "$absent" ] || platform_absent "$machine" "$absent"
# shellcheck disable=SC2046,SC2086 # lists of words
install_packages $build_packages $(machine_packages "$machine") >&2 ||
    platform_impossible "$machine" "packages are missing: $(machine_packages "$machine")"
emulator=qemu-$machine-static
for program in $compiler-gcc "$emulator"; do
    command -v "$program" >/dev/null || platform_impossible "$machine" "there is no $program"
done
root=$(sh tests/platforms/root.sh "$machine") || platform_impossible "$machine" "its packages cannot be had"

platform_begin "$machine"

# wrap PROGRAM AS: a program of this machine that runs one of that
wrap() {
    # shellcheck disable=SC2016 # for the wrapper to expand
    printf '#!/bin/sh\nexec %s -0 "$0" -L "%s" "%s" "$@"\n' "$emulator" "$root" "$1" >"$2.new"
    chmod +x "$2.new"
    mv "$2.new" "$2"
}

configure() {
    cat >"$build/machine.cmake" <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $machine)
set(CMAKE_C_COMPILER $compiler-gcc)
set(CMAKE_SYSROOT "$root")
set(CMAKE_FIND_ROOT_PATH "$root")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_LIBRARY_ARCHITECTURE $compiler)
# moonflash is the wrapper, moonflash.$machine the program
set(CMAKE_EXECUTABLE_SUFFIX_C .$machine)
set(CMAKE_CROSSCOMPILING_EMULATOR $emulator -L "$root")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "$root")
set(ENV{PKG_CONFIG_LIBDIR} "$root/usr/lib/$compiler/pkgconfig:$root/usr/share/pkgconfig")
END
    wrap "$root/usr/bin/lua5.1" "$build/wrappers/lua5.1"
    cmake -S . -B "$build" -DCMAKE_TOOLCHAIN_FILE="$build/machine.cmake" \
        -DLUA_PROGRAM="$build/wrappers/lua5.1" -DMOONFLASH_WERROR="$([ -n "$CI" ] && echo ON || echo OFF)" &&
        cmake --build "$build" -j "${JOBS:-2}" || return 1
    for program in "$build/moonflash" "$build"/tests/fake_dbus "$build"/tests/web_server; do
        wrap "$program.$machine" "$program"
    done
}

platform_build configure
MOONFLASH_TESTED_ON=qemu
MOONFLASH_SLOWNESS=5
export MOONFLASH_TESTED_ON MOONFLASH_SLOWNESS
platform_run "$@"
