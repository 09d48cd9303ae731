#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Records moonflash in a terminal, as docs/update.svg: `plan` and `update` of a simulated MC7455 with images of 64 MB.
#   sh tests/recording.sh [PICTURE]    BUILD=folder, TIME_SCALE=0.1 (of a real modem's times)
set -e
cd "$(dirname "$0")/.."

tree=$(pwd)
build=$(cd "${BUILD:-build}" && pwd)
export LUA_PATH="$build/lua/?.lua;$tree/lua/?.lua;$tree/lua/?/init.lua;$tree/?.lua;;"
export LUA_CPATH="$build/lua/?.so;;"
export TERM=xterm # the picture does not depend on the caller's terminal
unset NO_COLOR

work=$(mktemp -d)
simulator=
finish() {
    status=$?
    trap - EXIT
    [ -z "$simulator" ] || { kill "$simulator" 2>/dev/null && wait "$simulator" 2>/dev/null; } || true
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

mkdir "$work/images"
lua5.1 tests/images/make.lua "$work/images" --size 64000000 >"$work/names"
mkfifo "$work/ready"
"$build/moonflash" simulate mc7455 --dir "$work/modem" --time-scale "${TIME_SCALE:-0.1}" >"$work/ready" &
simulator=$!
read -r MOONFLASH_ROOT <"$work/ready" # its first line: the modem is there
export MOONFLASH_ROOT

picture=$(cd "$(dirname "${1:-docs/update.svg}")" && pwd)/$(basename "${1:-docs/update.svg}")
files=$(sed 's|.*/||' "$work/names" | tr '\n' ' ')
cd "$work/images"
PATH="$build:$PATH" lua5.1 "$tree/tests/recording/main.lua" "$picture" \
    "moonflash plan ${files% }" "moonflash update ${files% }"
echo "$picture"
