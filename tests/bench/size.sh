#!/bin/sh
# The flash that moonflash takes on a router: bytes of a squashfs as OpenWrt makes it (xz, blocks of 256 KiB), with
# the packages of packaging/openwrt, built with OpenWrt's flags and stripped.
#     sh tests/bench/size.sh [native|mipsel|mips32]...
# mipsel has MIPS16 code, OpenWrt's default for these machines; mips32 has not. Both need gcc-mipsel-linux-gnu; all
# need mksquashfs. The exit status is 0 when mipsel is within the limit, 77 when a package is missing.
cd "$(dirname "$0")/../.." || exit 1
. tests/packages.sh

LIMIT=163840 # core, Lua and models, with QMI
tree=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The flags of OpenWrt by default, with those of PKG_BUILD_FLAGS in the Makefile.
flags="-Os -fno-caller-saves -fstack-protector -D_FORTIFY_SOURCE=1 -flto -ffunction-sections -fdata-sections"
link_flags="-flto -Wl,--gc-sections -Wl,--as-needed -Wl,-z,now -Wl,-z,relro -Wl,-z,max-page-size=4096"

# make_packages KIND COMPILER [FLAGS]
make_packages() {
    CC=$2 CFLAGS="$flags $3" LDFLAGS="$link_flags" \
        make -C packaging/openwrt/moonflash compile packages "STAGE=$work/$1" \
        "TOPDIR=$tree/tests/packaging/openwrt/buildroot" >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        exit 1
    }
    find "$work/$1"/moonflash* -type f \( -name '*.so' -o -path '*/usr/bin/moonflash' \) \
        -exec "${2%gcc}strip" -s {} +
}

make_platform() {
    kind=$1
    shift
    root=$(sh tests/platforms/root.sh mipsel) || exit 77
    export PKG_CONFIG_SYSROOT_DIR="$root"
    export PKG_CONFIG_LIBDIR="$root/usr/lib/mipsel-linux-gnu/pkgconfig:$root/usr/share/pkgconfig"
    make_packages "$kind" mipsel-linux-gnu-gcc "--sysroot=$root $*"
}

# squashed PACKAGE...: bytes of the packages in one file system
squashed() {
    rm -rf "$work/root" "$work/squashfs"
    mkdir "$work/root"
    for package in "$@"; do
        cp -pR "$work/$kind/$package/." "$work/root/"
    done
    mksquashfs "$work/root" "$work/squashfs" -comp xz -b 256K -nopad -all-root -no-xattrs >/dev/null || exit 1
    wc -c <"$work/squashfs"
}

show() {
    echo "$kind, before compression:"
    (cd "$work/$kind" && find moonflash moonflash-qmi -type f \( -name '*.so' -o -path '*/bin/*' \) -exec wc -c {} + &&
        for part in moonflash/usr/lib/lua moonflash/usr/share/moonflash/scripts; do
            echo "$(find $part -name '*.lua' -exec cat {} + | wc -c) $part/*.lua"
        done) | awk '$2 != "total" { printf "  %7d  %s\n", $1, $2 }'
    all=$(squashed moonflash moonflash-qmi)
    echo "$kind, in a squashfs: $(squashed moonflash), with QMI $all (limit $LIMIT)"
}

# shellcheck disable=SC2086 # a list of words
install_packages $size_packages >&2 || exit 77
status=0
[ $# -gt 0 ] || set -- native mipsel mips32
for kind in "$@"; do
    case $kind in
    native) (make_packages native gcc) ;;
    mipsel) (make_platform mipsel -mips16 -minterlink-mips16) ;;
    mips32) (make_platform mips32) ;;
    *)
        echo "unknown: $kind" >&2
        exit 1
        ;;
    esac || exit $?
    show
    if [ "$kind" = mipsel ] && [ "$all" -gt $LIMIT ]; then status=1; fi
done
exit $status
