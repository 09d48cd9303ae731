#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# build.sh [FOLDER]: makes the Debian packages of this tree in FOLDER (here if none is given), which it makes, too, and
# prints their paths.
# The tree itself is not touched: dpkg-buildpackage works in a copy, where this folder is `debian`.
set -e
umask 022 # the modes of the folders in the package do not depend on the user
mkdir -p "${1:-.}"
out=$(cd "${1:-.}" && pwd)
tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

build() {
    mkdir "$work/moonflash" &&
        cd "$tree" && cp -R CMakeLists.txt LICENSE README.md CHANGELOG.md core lua scripts packaging "$work/moonflash" &&
        cd "$work/moonflash" && cp -R packaging/debian debian &&
        DEB_BUILD_OPTIONS=noautodbgsym dpkg-buildpackage -b -us -uc
}

build >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
for made in "$work"/*.deb; do
    mv "$made" "$out/"
    echo "$out/${made##*/}"
done
