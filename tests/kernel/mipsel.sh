#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The root of a small MIPS machine: sh tests/kernel/mipsel.sh FOLDER
# It has BusyBox, Debian's libraries, the kernel modules of a modem, and moonflash as OpenWrt's packages install it: made
# by packaging/openwrt/ipk.sh with OpenWrt's flags (MIPS16, for size, hardened). There is no udev and no service.
# Exit status 77: it cannot be made here, and why.
set -e
cd "$(dirname "$0")/../.."
. tests/kernel/vm.sh
. tests/platforms/openwrt_flags.sh

root=$1
libraries=$(sh tests/platforms/root.sh mipsel)
VM_MACHINE=mipsel
vm_machine
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What runs, not what compilers need.
copy_libraries() {
    tar -C "$libraries" --exclude='*.a' --exclude=./usr/include -cf - . | tar -C "$root" -xf -
}

copy_modules() {
    folder=lib/modules/$vm_release
    for module in $vm_drivers; do
        modprobe -d "$vm_base/" -S "$vm_release" -D "$module"
    done | awk '{ print $2 }' | sort -u >"$work/modules"
    mkdir -p "$root/$folder"
    while read -r module; do cp "$module" "$root/$folder/"; done <"$work/modules"
    cp "$vm_base/$folder/modules.order" "$vm_base/$folder/modules.builtin"* "$root/$folder/"
    depmod -b "$root" "$vm_release"
}

# The programs of BusyBox, as far as there is no other.
copy_busybox() {
    cp "$vm_base/bin/busybox" "$root/bin/"
    for program in $(busybox --list); do
        [ -e "$root/bin/$program" ] || ln -s busybox "$root/bin/$program"
    done
}

install_moonflash() {
    CFLAGS="$openwrt_flags $openwrt_mips16" LDFLAGS=$openwrt_link_flags \
        sh packaging/openwrt/ipk.sh mipsel_24kc mipsel-linux-gnu-gcc "$libraries" "$work" >"$work/packages"
    while read -r package; do
        tar -xzOf "$package" ./data.tar.gz | tar -xz -C "$root" --keep-directory-symlink
    done <"$work/packages"
}

rm -rf "$root"
mkdir -p "$root"
copy_libraries
copy_modules
copy_busybox
install_moonflash
