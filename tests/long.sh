#!/bin/sh
# The heavy runs: sh tests/long.sh [PART...], all but `whole` if none is named.
#   matrix    every model and route x every message x every fault; what follows the first image is the same
#             on all routes, so on further routes of a model it is left out
#   whole     the matrix with nothing left out
#   kill      signals at every step, every message and at 200 instants
#   fuzz      every target for FUZZ_SECONDS (600) under libFuzzer, two at a time (needs clang)
#   sanitize  the unit tests and whole updates under ASan, LSan and UBSan, in a build of their own
#   analyse   cppcheck, clang-tidy and shellcheck (tests/analyse.sh)
#   coverage  the normal tests, and how much of core/ and lua/ they run (tests/coverage.sh)
# The exit status is 0 when all is well.
cd "$(dirname "$0")/.." || exit 1
. tests/temporary.sh
temporary_begin || exit 1

build=${BUILD:-build}
jobs=${JOBS:-2}

# Runs a Lua file of the tests with the modules of the build.
run_lua() {
    LUA_PATH="$build/lua/?.lua;lua/?.lua;lua/?/init.lua;?.lua;;" LUA_CPATH="$build/lua/?.so;;" \
        MOONFLASH="$build/moonflash" lua5.1 "$@"
}

build_as() {
    cmake -S . -B "$@" >/dev/null && cmake --build "$1" -j "$jobs" >/dev/null
}

part_matrix() {
    build_as "$build" && run_lua tests/matrix/main.lua matrix
}

part_whole() {
    build_as "$build" && run_lua tests/matrix/main.lua whole
}

part_kill() {
    build_as "$build" && run_lua tests/matrix/main.lua kill "${SEED:-1}"
}

# The sanitizers reach every program a test starts; ldoc's and curl's own faults are not ours.
part_sanitize() {
    build_as "$build-sanitize" -DMOONFLASH_SANITIZE=ON &&
        ctest --test-dir "$build-sanitize" -j "$jobs" --output-on-failure \
            -R '^(c|fuzz|unit)_|^sim_(update|recover|fault_matrix)' -E 'unit_(api|image_sources)$'
}

# One target; what it finds new stays in the build, the kept corpus is only read.
fuzz_target() {
    folder=$build/fuzz/$1
    mkdir -p "$folder" "tests/fuzz/corpus/$1"
    clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE \
        -Icore -Itests "tests/fuzz/$1.c" core/protocol/*.c -o "$folder/target" || return 1
    "$folder/target" -max_total_time="${FUZZ_SECONDS:-600}" -print_final_stats=1 \
        -artifact_prefix="$folder/" "$folder" "tests/fuzz/corpus/$1" >"$folder.log" 2>&1
    result=$?
    grep -E 'number_of_executed_units|ERROR' "$folder.log" | sed "s/^/$1: /"
    return $result
}

part_fuzz() {
    failed=0
    for pair in 'cwe nvup' 'hdlc qdl'; do
        fuzz_target "${pair% *}" &
        fuzz_target "${pair#* }" || failed=1
        wait $! || failed=1
    done
    return $failed
}

part_analyse() {
    BUILD=$build sh tests/analyse.sh
}

part_coverage() {
    BUILD=$build sh tests/coverage.sh
}

status=0
# shellcheck disable=SC2048 # the names of parts are words
for part in ${*:-matrix kill fuzz sanitize analyse coverage}; do
    case $part in
    matrix | whole | kill | fuzz | sanitize | analyse | coverage) "part_$part" || status=1 ;;
    *)
        echo "there is no part $part: see the head of $0" >&2
        exit 1
        ;;
    esac
done
temporary_end || status=1
exit $status
