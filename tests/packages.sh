# The Debian packages moonflash is built and tested with; sourced by the scripts here.
# shellcheck shell=sh disable=SC2034 # the lists are for those

build_packages="gcc make cmake pkg-config lua5.1 liblua5.1-0-dev libserialport-dev libqmi-glib-dev
libmbim-glib-dev libarchive-dev lua-cjson lua-argparse"
test_packages="lua-busted lua-check lua-ldoc libqmi-utils curl valgrind"
# what the packaging is tested with, and the update engines that it serves
packaging_packages="busybox-static mandoc dpkg-dev file luarocks cpio openssl lua-luv"
engine_packages="mender-client mender-artifact swupdate"
bench_packages="valgrind zlib1g-dev"
size_packages="squashfs-tools gcc-mipsel-linux-gnu"
fuzz_packages="clang libclang-rt-dev"
analyse_packages="cppcheck clang-tidy shellcheck"

# to test on other machines and with another Lua
luajit_packages="luajit libluajit-5.1-dev"
# foreign_packages MACHINE: what builds and emulates another kind of machine
foreign_packages() {
    echo "qemu-user-static gcc-$1-linux-gnu"
}

missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            echo "$package"
    done
}

# install_packages PACKAGE...: those that are not there yet. Other systems than Debian are left to
# themselves: cmake says what it misses.
install_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "moonflash: these packages are missing, install them as root:" $missing >&2
        return 1
    fi
    echo "installing:" $missing
    export DEBIAN_FRONTEND=noninteractive
    # the lists of a fresh system are empty or old
    apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 ||
        { apt-get update && apt-get install -y --no-install-recommends $missing; }
}

# install_engines PACKAGE...: the same for packages with services, of which none is started.
install_engines() {
    policy=/usr/sbin/policy-rc.d
    if [ "$(id -u)" = 0 ] && [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
        installed=0
        install_packages "$@" || installed=1
        rm -f "$policy"
        return $installed
    fi
    install_packages "$@"
}
