# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The Debian packages moonflash is built and tested with; sourced by the scripts here.
# shellcheck shell=sh disable=SC2034 # the lists are for those

build_packages="gcc make cmake pkg-config lua5.1 liblua5.1-0-dev libserialport-dev libqmi-glib-dev
libmbim-glib-dev libarchive-dev libusb-1.0-0-dev lua-cjson"
test_packages="lua-busted lua-check lua-ldoc libqmi-utils libmbim-utils curl valgrind"
peer_packages="python3" # tests/peer, the simulated modem that is not the program's own
# what the packaging is tested with, and the update engines that it serves
packaging_packages="busybox-static mandoc groff-base shellcheck build-essential debhelper luarocks cpio openssl lua-luv"
engine_packages="mender-client mender-artifact swupdate"
bench_packages="valgrind zlib1g-dev"
size_packages="squashfs-tools gcc-mipsel-linux-gnu"
# a virtual machine: its kernel, and what runs in it
kernel_packages="qemu-system-x86 linux-image-amd64 busybox-static cpio kmod udev xz-utils modemmanager dbus
network-manager usbip"
# a MIPS machine: its kernel and libraries are unpacked only (platforms/root.sh)
kernel_mipsel_packages="qemu-system-mips gcc-mipsel-linux-gnu busybox-static cpio kmod xz-utils"
fuzz_packages="clang libclang-rt-dev"
# the browser, the server of the page in tests/browser, and the shell of the simulated router
browser_packages="chromium python3 busybox-static"
# lintian looks into the Debian packages, zsh and fish complete
analyse_packages="cppcheck clang-tidy shellcheck build-essential debhelper lintian zsh fish"

# to test on other machines and with another Lua
luajit_packages="luajit libluajit-5.1-dev"
lua54_packages="lua5.4 liblua5.4-dev"
# machine_packages MACHINE: what builds for another kind of machine and emulates it
machine_packages() {
    echo "qemu-user-static gcc-$1-linux-gnu"
}

# machine_absent MACHINE [LISTS]: says so when this distribution has no packages for another kind of machine, by
# its release files in the lists of apt
machine_absent() {
    case $1 in mipsel | s390x) ;; *) return 0 ;; esac
    [ -e /etc/os-release ] || return 0
    (
        . /etc/os-release
        machines=$(cat "${2:-/var/lib/apt/lists}"/*Release 2>/dev/null | awk -v codename="$VERSION_CODENAME" \
            '/^Codename: / { ours = $2 == codename } ours && /^Architectures: /')
        case "$machines " in ' ' | *" $1 "*) ;; *) echo "${NAME%% *} $VERSION_ID has no $1" ;; esac
    )
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

# without_services COMMAND...: installs with this command, and no service is started
without_services() {
    policy=/usr/sbin/policy-rc.d
    if [ "$(id -u)" != 0 ] || [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
    installed=0
    "$@" || installed=1
    rm -f "$policy"
    return $installed
}
