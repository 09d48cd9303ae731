#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Makes .ipk packages without OpenWrt's SDK, to try moonflash:
#     sh packaging/openwrt/ipk.sh ARCHITECTURE COMPILER ROOT FOLDER
# ARCHITECTURE is opkg's name for the machine, such as mipsel_24kc. COMPILER is a C compiler for that machine. ROOT has
# the libraries of that machine with their headers: libc, Lua 5.1, libserialport, libqmi-glib, libarchive, libusb.
# CFLAGS and LDFLAGS are passed on. Prints the paths of the packages in FOLDER. libserialport is a package made from ROOT, because
# OpenWrt's feeds do not have it.
#
# The packages need the C library and the versions of ROOT. With Debian's packages as ROOT (tests/platforms/root.sh
# makes such a folder) they run beside these libraries only: under an emulator, or on a router in a folder of their own.
# The system of a router has musl: packages for it come from the SDK.
set -e
umask 022

if [ $# != 4 ]; then
    sed -n '5,14s/^# \{0,1\}//p' "$0" >&2
    exit 1
fi
architecture=$1
compiler=$2
root=$(cd "$3" && pwd)
mkdir -p "$4"
folder=$(cd "$4" && pwd)
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

libraries=$root/usr/lib/$($compiler -dumpmachine)
export CC="$compiler"
export CFLAGS="--sysroot=$root ${CFLAGS--Os}"
export PKG_CONFIG_SYSROOT_DIR="$root"
export PKG_CONFIG_LIBDIR="$libraries/pkgconfig:$root/usr/lib/pkgconfig:$root/usr/share/pkgconfig"

# make_package SOURCE TARGET...: runs a Makefile of the feed. Its paths are relative, because make reads no blanks.
make_package() {
    source=$1
    shift
    make -C "$source" "$@" "STAGE=$work/$source" TOPDIR=../buildroot TREE=../../.. \
        "ARCHITECTURE=$architecture" "ARCH=${architecture%%_*}" >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        exit 1
    }
}

# Puts the library of ROOT where libserialport's Makefile expects the library that it has built.
take_libserialport() {
    built=$work/libserialport/install/usr/lib
    mkdir -p "$built"
    find "$root/usr/lib/" -maxdepth 2 -name 'libserialport.so.*' -exec cp -P {} "$built/" \;
}

# archive FOLDER FILE NAME...: a tar file as OpenWrt's ipkg-build makes it
archive() {
    from=$1
    into=$2
    shift 2
    tar -C "$from" --format=gnu --sort=name --numeric-owner --owner=0 --group=0 --mtime="@${SOURCE_DATE_EPOCH:-0}" \
        -cf - "$@" | gzip -n9 >"$into"
}

# A folder among the conffiles is one that sysupgrade keeps: its name goes where sysupgrade looks for it.
split_conffiles() {
    [ -f "$control/conffiles" ] || return 0
    mkdir -p "$files/lib/upgrade/keep.d"
    grep '/$' "$control/conffiles" >"$files/lib/upgrade/keep.d/$name" || true
    sed -i '/\/$/d' "$control/conffiles"
}

# pack NAME FILES CONTROL
pack() {
    name=$1
    files=$2
    control=$3
    split_conffiles
    find "$files" -type f \( -name '*.so' -o -name '*.so.*' -o -path '*/usr/bin/moonflash' \) \
        -exec "$($compiler -print-prog-name=strip)" -s {} +
    find "$control" -name 'p*' -exec chmod 755 {} +
    sed -i "/^Architecture:/a Installed-Size: $(du -sb "$files" | cut -f 1)" "$control/control"
    mkdir "$work/parts"
    echo 2.0 >"$work/parts/debian-binary"
    archive "$files" "$work/parts/data.tar.gz" .
    archive "$control" "$work/parts/control.tar.gz" .
    package=$folder/${name}_$(sed -n 's/^Version: //p' "$control/control")_$architecture.ipk
    archive "$work/parts" "$package" ./debian-binary ./data.tar.gz ./control.tar.gz
    rm -r "$work/parts"
    echo "$package"
}

take_libserialport
make_package libserialport packages control
make_package moonflash compile packages control
for control in "$work"/*/control/*; do
    name=${control##*/}
    pack "$name" "${control%/control/*}/$name" "$control"
done
