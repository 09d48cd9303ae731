#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The flash that moonflash takes on a router: bytes of a squashfs as OpenWrt makes it (xz, blocks of 256 KiB), with
# the packages of packaging/openwrt, built with OpenWrt's flags and stripped.
#     sh tests/bench/size.sh [native|mipsel|mips32]...
# mipsel has MIPS16 code, OpenWrt's default for these machines; mips32 has not. Both need gcc-mipsel-linux-gnu; all
# need mksquashfs. The exit status is 0 when mipsel is within the limit, 77 when a package is missing.
cd "$(dirname "$0")/../.." || exit 1
. tests/packages.sh
. tests/platforms/openwrt_flags.sh

LIMIT=163840 # core, Lua and models, with QMI
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# make_packages ARCHITECTURE COMPILER ROOT [FLAGS]
make_packages() {
    CFLAGS="$openwrt_flags $4" LDFLAGS=$openwrt_link_flags sh packaging/openwrt/ipk.sh "$1" "$2" "$3" "$work/$kind" >/dev/null
}

make_mipsel() {
    root=$(sh tests/platforms/root.sh mipsel) || exit 77
    make_packages mipsel_24kc mipsel-linux-gnu-gcc "$root" "$1"
}

# squashed PACKAGE...: bytes of the packages in one file system, which is $work/root
squashed() {
    rm -rf "$work/root" "$work/squashfs"
    mkdir "$work/root"
    for package in "$@"; do
        tar -xzOf "$work/$kind/$package"_*.ipk ./data.tar.gz | tar -xz -C "$work/root"
    done
    mksquashfs "$work/root" "$work/squashfs" -comp xz -b 256K -nopad -all-root -no-xattrs >/dev/null || exit 1
    wc -c <"$work/squashfs"
}

show() {
    core=$(squashed moonflash) || exit 1
    all=$(squashed moonflash moonflash-qmi) || exit 1
    echo "$kind, before compression:"
    (cd "$work/root/usr" && find . -type f \( -name '*.so' -o -path './bin/*' \) -exec wc -c {} + &&
        for part in lib/lua share/moonflash/scripts; do
            echo "$(find $part -name '*.lua' -exec cat {} + | wc -c) $part/*.lua"
        done) | awk '$2 != "total" { printf "  %7d  %s\n", $1, $2 }'
    echo "$kind, in a squashfs: $core, with QMI $all (limit $LIMIT)"
}

# shellcheck disable=SC2086 # a list of words
install_packages $size_packages >&2 || exit 77
status=0
[ $# -gt 0 ] || set -- native mipsel mips32
for kind in "$@"; do
    case $kind in
    native) make_packages native gcc / ;;
    mipsel) make_mipsel "$openwrt_mips16" ;;
    mips32) make_mipsel ;;
    *)
        echo "unknown: $kind" >&2
        exit 1
        ;;
    esac || exit $?
    show
    if [ "$kind" = mipsel ] && [ "$all" -gt $LIMIT ]; then status=1; fi
done
exit $status
