#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Static analysis: sh tests/analyse.sh [short]. The exit status is 0 when there is no finding.
#   cppcheck    core/, and the C of the tests without matters of style
#   scripts     every shell script by shellcheck; those that are packaged down to matters of style
#   clang-tidy  core/, with the checks of .clang-tidy
# `short` is for the normal run: there clang-tidy follows the paths through the code, which takes longest, only in
# protocol/ and in files that differ from the last commit.
# The first findings are printed; all are in build-analyse/findings.
cd "$(dirname "$0")/.." || exit 1
. tests/packages.sh

build=${BUILD:-build}-analyse
jobs=${JOBS:-2}
findings=$build/findings
printed=60 # lines
status=0

# check_c CHECKS FOLDER: without system headers, so what they and the build define is said here. Exceptions are made in
# the code, each with its reason.
check_c() {
    cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -Icore -Itests --inline-suppr \
        --suppress=normalCheckLevelMaxBranches --enable="$1" \
        -D_GNU_SOURCE -DSYS_pidfd_open=434 '-DMF_LUA_DIR="lua"' '-DMF_CMODULE_DIR="lib"' "$2" || status=1
}

# check_scripts SEVERITY FOLDER...
check_scripts() {
    severity=$1
    shift
    scripts=$(find "$@" -type f ! -path '*/corpus/*' -exec awk \
        'FNR == 1 && (/^#!.*sh( |$)/ || FILENAME ~ /[.](ba)?sh$/) { print FILENAME }' {} +)
    # shellcheck disable=SC2086 # a list of words
    shellcheck -x -P . --severity="$severity" $scripts || status=1
}

# One process a file, JOBS at a time. Called behind a pipe: it can set no variable.
tidy() {
    xargs -P "$jobs" -n 1 clang-tidy --quiet -p "$build" "$@" 2>/dev/null
}

changed_or_pure() {
    ls core/protocol/*.c
    git diff --name-only --diff-filter=d HEAD -- 'core/*.c' 2>/dev/null
}

check_all() {
    check_c warning,style,performance,portability core
    check_c warning,performance,portability tests
    check_scripts style packaging .ci
    check_scripts warning tests
    if [ "$1" = short ]; then
        find core -name '*.c' | tidy --checks='-clang-analyzer-*' || status=1
        changed_or_pure | sort -u | tidy || status=1
    else
        find core -name '*.c' | tidy || status=1
    fi
}

report() {
    head -n "$printed" "$findings"
    more=$(($(wc -l <"$findings") - printed))
    [ "$more" -le 0 ] || echo "$more more lines, see $findings"
}

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages $analyse_packages || exit 1
cmake -S . -B "$build" -DMOONFLASH_TESTS=OFF -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null || exit 1
check_all "$1" >"$findings" 2>&1
report
exit $status
