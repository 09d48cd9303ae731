#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Fuzzing by libFuzzer under ASan and UBSan (needs clang):
#
#     sh tests/fuzz/run.sh [TARGET...]       each for FUZZ_SECONDS (600), two at a time
#     sh tests/fuzz/run.sh keep [TARGET...]  the smallest inputs that reach as much become the kept corpus
#
# A run begins with the kept corpus and the seeds (seeds.lua). What it finds stays in $BUILD-fuzz, also for the
# next run. It prints how often each target was run, how large its corpus is and, for one in Lua, how many
# lines were reached. The exit status is 0 when nothing was found.
cd "$(dirname "$0")/../.." || exit 1
. tests/packages.sh
. tests/temporary.sh

build=${BUILD:-build}-fuzz
longest=4096 # bytes of an input
kept=2048    # bytes of one that is kept

if [ "$1" = keep ]; then
    action=keep
    shift
else
    action=fuzz
fi
[ $# -gt 0 ] || set -- hdlc qdl sahara firehose cwe nvup qmi at sysfs zip

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages $fuzz_packages && temporary_begin || exit 1
CC=clang cmake -S . -B "$build" -DMOONFLASH_FUZZ=ON >/dev/null && cmake --build "$build" -j 2 >/dev/null || exit 1
export LUA_PATH="$build/lua/?.lua;lua/?.lua;lua/?/init.lua;?.lua;;" LUA_CPATH="$build/lua/?.so;;"
export ASAN_OPTIONS="quarantine_size_mb=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

# run TARGET OPTIONS...: leaks are looked for at the end; Lua keeps memory between two inputs
run() {
    target=$1
    shift
    program=$build/tests/fuzz_$target
    [ -e "$program" ] || program=$build/tests/fuzz_lua
    FUZZ_TARGET=$target "$program" -max_len=$longest -timeout=60 -detect_leaks=0 \
        -artifact_prefix="$build/fuzz/$target-" "$@"
}

fuzz() {
    folder=$build/fuzz/$1
    mkdir -p "$folder/found" "$folder/seeds" "tests/fuzz/corpus/$1"
    lua5.1 tests/fuzz/seeds.lua "$1" "$folder/seeds" || return 1
    run "$1" -max_total_time="${FUZZ_SECONDS:-600}" -print_final_stats=1 \
        "$folder/found" "$folder/seeds" "tests/fuzz/corpus/$1" >"$folder.log" 2>&1
    result=$?
    grep -a -E 'number_of_executed_units|lines of Lua|ERROR' "$folder.log" | sed "s/^stat::/$1: /"
    echo "$1: corpus of $(ls "$folder/found" | wc -l), exit status $result"
    return $result
}

keep() {
    folder=$build/fuzz/$1
    mkdir -p "$folder/found" "$folder/seeds" "tests/fuzz/corpus/$1" && rm -rf "$folder/kept" && mkdir "$folder/kept"
    lua5.1 tests/fuzz/seeds.lua "$1" "$folder/seeds" || return 1
    run "$1" -merge=1 -max_len=$kept "$folder/kept" "tests/fuzz/corpus/$1" "$folder/seeds" \
        "$folder/found" >"$folder-keep.log" 2>&1 || return 1
    rm -rf "tests/fuzz/corpus/$1" && mv "$folder/kept" "tests/fuzz/corpus/$1"
    echo "$1: $(ls "tests/fuzz/corpus/$1" | wc -l) inputs of $(cat "tests/fuzz/corpus/$1"/* | wc -c) bytes"
}

status=0
while [ $# -gt 0 ]; do
    "$action" "$1" &
    first=$!
    shift
    if [ $# -gt 0 ]; then
        "$action" "$1" || status=1
        shift
    fi
    wait $first || status=1
done
temporary_end || status=1
exit $status
