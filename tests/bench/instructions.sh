#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Instructions of our own code for each MiB sent through a pseudo terminal, beside the least that does
# the same work: sh tests/bench/instructions.sh BENCH_INSTRUCTIONS IMAGE FOLDER
# Own code is what lies in the program itself, not in libc or the kernel.
set -e
program=$1 image=$2 folder=$3
bytes=$(wc -c <"$image")

# count MODE FUNCTION: instructions in the program's own object while FUNCTION runs
count() {
    rm -f "$folder"/callgrind.*
    valgrind -q --tool=callgrind --callgrind-out-file="$folder/callgrind.%p" \
        --collect-atstart=no --toggle-collect="$2" "$program" "$1" "$image" >/dev/null 2>&1
    # a line of costs belongs to the object named last; the one after calls= is the callee's
    awk -v own="$(basename "$program")" '
        /^ob=/ { name = $0; sub(/^ob=/, "", name); id = name; sub(/ .*/, "", id)
                 if (name ~ / /) { path = name; sub(/^[^ ]* /, "", path); known[id] = path }
                 object = known[id]; next }
        /^cob=|^cfi=|^cfl=/ { if ($0 ~ /^cob=.* /) { name = substr($0, 5); id = name
                 sub(/ .*/, "", id); sub(/^[^ ]* /, "", name); known[id] = name } next }
        /^calls=/ { skip = 1; next }
        /^[0-9+*-]/ { if (skip) skip = 0; else if (object ~ own "$") sum += $2 }
        END { printf "%.0f", sum / ('"$bytes"' / 1048576) }' "$folder"/callgrind.*
    rm -f "$folder"/callgrind.*
}

verified=$(count verified mf_transfer_run)
floor=$(count floor plain_loop)
transfer=$(count transfer mf_transfer_run)
loop=$(count loop plain_loop)
awk -v a="$verified" -v b="$floor" -v c="$transfer" -v d="$loop" 'BEGIN {
    printf "with the CRC     transfer %8d  floor %8d a MiB: %.2f of it\n", a, b, a / b
    printf "without the CRC  transfer %8d  floor %8d a MiB: %.3f and %.3f a byte\n", c, d, c / 1048576, d / 1048576
}'
