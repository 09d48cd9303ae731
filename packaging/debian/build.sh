#!/bin/sh
# build.sh [FOLDER]: makes moonflash_VERSION_ARCHITECTURE.deb in FOLDER (here if none is given) and
# prints its path.
set -e
umask 022 # the modes of the folders in the package do not depend on the user
out=$(cd "${1:-.}" && pwd)
tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

build() {
    cmake -S "$tree" -B "$work" -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=MinSizeRel -DMOONFLASH_TESTS=OFF &&
        cmake --build "$work" -j 2 &&
        cd "$work" && cpack -G DEB
}

build >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
made=$(echo "$work"/*.deb)
mv "$made" "$out/"
echo "$out/${made##*/}"
