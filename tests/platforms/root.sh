#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# A folder with Debian's packages of another machine kind, to build against and to run from:
#     sh tests/platforms/root.sh mipsel|s390x|arm64
#     sh tests/platforms/root.sh mipsel kernel         a kernel with its modules, and BusyBox, for QEMU's malta
#     sh tests/platforms/root.sh mipsel peer           qmi-firmware-update, and the udev that it needs
# prints its path. The packages are only unpacked, nothing of them runs, so neither root's rights nor
# an emulator is needed. The folder is kept in ${XDG_CACHE_HOME:-~/.cache} and made anew when this file
# has changed. Exit status 77: the packages cannot be had here, and why.
set -e

packages="libc6-dev lua5.1 liblua5.1-0-dev libserialport-dev libqmi-glib-dev libmbim-glib-dev libarchive-dev
libusb-1.0-0-dev lua-cjson lua-busted"
# what others depend on but neither compiler nor tests look at
unneeded='^(python|libpython|gir1|libgirepository|perl|dpkg|tar|media-types|pkg|libpkg|ncurses-bin|rpcsvc)'

architecture=$1
name=$1${2:+-$2}
wanted=.
if [ "$name" = mipsel-kernel ]; then
    packages="linux-image-4kc-malta busybox-static"
    wanted='^(linux-image|busybox)' # not what would install a kernel
fi
[ "$name" != mipsel-peer ] || packages="libqmi-utils udev"
base=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/moonflash-platforms
root=$base/$name
work=$root.work
edition=$(cksum <"$0")

unavailable() {
    echo "no packages for $architecture: $*" >&2
    rm -rf "$work"
    exit 77
}

# apt as on a machine of that kind: the same sources, but lists, packages and state of its own
platform_apt() {
    program=$1
    shift
    "$program" -q -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
        -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
        -o APT::Sandbox::User=root -o APT::Install-Recommends=false "$@"
}

wanted_packages() {
    # shellcheck disable=SC2086 # a list of words
    platform_apt apt-get -s install $packages | awk '$1 == "Inst" { print $2 }' |
        grep -E "$wanted" | grep -Ev "$unneeded"
}

fetch() {
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs"
    : >"$work/status"
    platform_apt apt-get update >"$work/log" 2>&1 || true
    if ! wanted_packages >"$work/wanted" 2>>"$work/log" || [ ! -s "$work/wanted" ]; then
        unavailable "$(tail -n 1 "$work/log")"
    fi
    # shellcheck disable=SC2046 # a list of words
    (cd "$work/debs" && platform_apt apt-get download $(cat "$work/wanted")) >>"$work/log" 2>&1 ||
        unavailable "$(tail -n 1 "$work/log")"
}

# /bin and /lib lie below /usr, as on every Debian since 12
unpack() {
    new=$work/root
    for folder in bin sbin lib; do
        mkdir -p "$new/usr/$folder"
        ln -s "usr/$folder" "$new/$folder"
    done
    for package in "$work"/debs/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -C "$new" --keep-directory-symlink --no-same-owner --exclude=./usr/share/doc \
                --exclude=./usr/share/man --exclude=./usr/share/locale
    done
}

# A link to /lib/x means the one of the root, for compilers too.
bend_links() {
    find "$1" -type l -lname '/*' | while read -r link; do
        ln -sfnr "$1$(readlink "$link")" "$link"
    done
}

make() {
    rm -rf "$work"
    mkdir -p "$work"
    fetch
    unpack
    bend_links "$work/root"
    for modules in "$work"/root/usr/lib/modules/*; do
        [ ! -d "$modules" ] || depmod -b "$work/root" "${modules##*/}"
    done
    # those of the machine are looked at instead
    for folder in dev proc sys tmp run var etc; do rm -rf "${work:?}/root/$folder"; done
    echo "$edition" >"$work/root/edition"
    rm -rf "$root"
    mv "$work/root" "$root"
    rm -rf "$work"
}

case $name in
mipsel | s390x | arm64 | mipsel-kernel | mipsel-peer) ;;
*)
    echo "usage: $0 mipsel|s390x|arm64, $0 mipsel kernel|peer" >&2
    exit 1
    ;;
esac
for program in apt-get dpkg-deb flock; do
    command -v $program >/dev/null || unavailable "there is no $program"
done
mkdir -p "$base"
exec 9>"$base/$name.lock"
flock 9
[ "$(cat "$root/edition" 2>/dev/null)" = "$edition" ] || make
echo "$root"
