# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Sourced by the scripts that run many tests: temporary_begin, and temporary_end when all is done.
#
# The simulated modems make and remove thousands of small files. On a disk that costs more than all the rest
# (ext4 looks for inodes it has not just given up: 70 % of the time of the fault matrix was that), so
# temporary folders are in memory where there is room, and programs may be run from there.
# shellcheck shell=sh

temporary_memory=/dev/shm
temporary_least=2000000 # KiB free

temporary_can_run() {
    printf '#!/bin/sh\n' >"$1/try" && chmod +x "$1/try" && "$1/try" 2>/dev/null
    temporary_status=$?
    rm -f "$1/try"
    return $temporary_status
}

# A new folder in memory.
temporary_in_memory() {
    temporary_free=$(df -Pk "$temporary_memory" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ "${temporary_free:-0}" -ge $temporary_least ] || return 1
    TMPDIR=$(mktemp -d "$temporary_memory/moonflash-tests-XXXXXX") || return 1
    temporary_can_run "$TMPDIR" && return 0
    rm -rf "$TMPDIR"
    TMPDIR=
    return 1
}

# A folder of our own below which all temporary folders are made.
temporary_begin() {
    temporary_disk=${TMPDIR:-/tmp}
    temporary_in_memory || TMPDIR=$(mktemp -d "$temporary_disk/moonflash-tests-XXXXXX") || return 1
    chmod 711 "$TMPDIR" # a test runs programs as another user
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
    trap 'exit 130' INT TERM
}

# Fails, and says so, when a test has left something behind.
temporary_end() {
    temporary_left=$(ls -A "$TMPDIR")
    [ -z "$temporary_left" ] && return 0
    echo "left behind in $TMPDIR:" $temporary_left >&2
    return 1
}
