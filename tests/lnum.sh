#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The tests with a Lua 5.1 whose integers are 32 bits wide where C or string.format wants one, as those of
# OpenWrt's are (its LNUM patch): sh tests/lnum.sh [short|build|CTEST-ARGUMENT...], as with platform.sh.
# It is Debian's source of lua5.1, changed here: a number that is no 32-bit integer is an error as an integer argument
# of C (%d and %x, too), and 0 for lua_tointeger.
# Compared by running both with Lua 5.1.5 and the patches of OpenWrt 25.12 (58aa1b7f16; the same files since 22.03) in
# 2026-11. Differences: all numbers are doubles here, OpenWrt's has integers beside them; lua_Integer has 64 bits here.
set -e
cd "$(dirname "$0")/.."
. tests/packages.sh
. tests/temporary.sh
. tests/platforms/common.sh

# shellcheck disable=SC2086 # lists of words
install_packages $build_packages $test_packages >&2 || platform_impossible LNUM "packages are missing"
platform_begin lnum

# apt with the sources of packages beside the packages that this machine knows
source_apt() {
    program=$1
    shift
    "$program" -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State="$work/state" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$work/cache" \
        -o APT::Sandbox::User=root "$@"
}

fetch() {
    work=$build/fetch
    rm -rf "$work"
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
    # shellcheck disable=SC2016 # for apt-get to expand
    apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sort -u >"$work/sources.list"
    source_apt apt-get update &&
        (cd "$work" && source_apt apt-get source --download-only lua5.1) &&
        mkdir "$work/lua" && tar -x -C "$work/lua" --strip-components=1 -f "$work"/lua5.1_*.orig.tar.gz
}

narrow() {
    modules=$(pkg-config --variable=INSTALL_CMOD lua5.1)/
    sed -i -e 's|^#define LUA_ROOT.*|#define LUA_ROOT "/usr/"|' -e "s|^#define LUA_CDIR.*LUA_ROOT.*|#define LUA_CDIR \"$modules\"|" \
        -e '/^#define lua_number2int/d' "$1/luaconf.h"
    cat >>"$1/luaconf.h" <<'END'
#undef lua_number2int
#undef lua_number2integer
#define mf_fits(d) ((d) >= -2147483648.0 && (d) <= 2147483647.0)
#define lua_number2int(i, d) ((i) = mf_fits(d) ? (int)(d) : 0)
#define lua_number2integer(i, d) ((i) = mf_fits(d) && (d) == (int)(d) ? (int)(d) : 0)
END
    sed -i 's/INTFRM_T)luaL_checknumber(L, arg)/INTFRM_T)luaL_checkinteger(L, arg)/' "$1/lstrlib.c"
    sed -i 's/(d == 0 && !lua_isnumber(L, narg))/(d == 0 \&\& (!lua_isnumber(L, narg) || lua_tonumber(L, narg) != 0))/' \
        "$1/lauxlib.c"
}

# A library as Debian's, found by the program that is linked with it.
make_lua() {
    [ ! -e "$build/narrow/bin/lua5.1" ] || return 0
    fetch || return 1
    narrow "$work/lua/src"
    mkdir -p "$build/narrow/bin" "$build/narrow/lib"
    rm "$work/lua/src/luac.c" "$work/lua/src/print.c"
    mv "$work/lua/src/lua.c" "$work/lua/"
    cc -O2 -fPIC -shared -w -DLUA_USE_POSIX -DLUA_USE_DLOPEN -Wl,-soname,liblua5.1.so \
        -o "$build/narrow/lib/liblua5.1.so" "$work"/lua/src/*.c -lm -ldl || return 1
    sed "s|^Libs:.*|Libs: \"-L$build/narrow/lib\" \"-Wl,-rpath,$build/narrow/lib\" -llua5.1|" \
        "$(pkg-config --variable=pcfiledir lua5.1)/lua5.1.pc" >"$build/narrow/lua5.1.pc"
    cc -O2 -w -DLUA_USE_POSIX -DLUA_USE_DLOPEN -I"$work/lua/src" -o "$build/narrow/bin/lua5.1" "$work/lua/lua.c" \
        -L"$build/narrow/lib" -Wl,-rpath,"$build/narrow/lib" -llua5.1 -lm -ldl
}

make_lua >"$build/lua.log" 2>&1 || {
    cat "$build/lua.log" >&2
    platform_impossible LNUM "its source cannot be had or built"
}
platform_build platform_lua "$build/narrow/bin/lua5.1" "$build/narrow/lua5.1.pc"
MOONFLASH_TESTED_ON=lnum
export MOONFLASH_TESTED_ON
platform_run "$@"
