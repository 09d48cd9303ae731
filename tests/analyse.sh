#!/bin/sh
# What analysers find: sh tests/analyse.sh [short]. The exit status is 0 when they find nothing.
#   cppcheck    all of core/ in every configuration, and the C of the tests without matters of style
#   scripts     every shell script by shellcheck, those that are packaged with all it has to say
#   clang-tidy  core/, with the checks of .clang-tidy
# `short` is for the normal run: clang-tidy follows the paths through the code, which is what takes long,
# only in protocol/ and in files that differ from the last commit.
cd "$(dirname "$0")/.." || exit 1
. tests/packages.sh

build=${BUILD:-build}-analyse
jobs=${JOBS:-2}
status=0

check_c() {
    # the exceptions stand where they are made, each with its reason
    cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -D_GNU_SOURCE -Icore --inline-suppr \
        --enable=warning,style,performance,portability core || status=1
    cppcheck --quiet --error-exitcode=1 --std=c11 --language=c -D_GNU_SOURCE -Icore -Itests \
        --enable=warning,performance,portability tests || status=1
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

# A file is looked at by a process of its own, JOBS at a time. Behind a pipe: only its exit status gets out.
tidy() {
    xargs -P "$jobs" -n 1 clang-tidy --quiet -p "$build" "$@" 2>/dev/null
}

changed_or_pure() {
    ls core/protocol/*.c
    git diff --name-only --diff-filter=d HEAD -- 'core/*.c' 2>/dev/null
}

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages $analyse_packages || exit 1
cmake -S . -B "$build" -DMOONFLASH_TESTS=OFF -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null || exit 1

check_c
check_scripts style packaging .ci
check_scripts warning tests
if [ "$1" = short ]; then
    find core -name '*.c' | tidy --checks='-clang-analyzer-*' || status=1
    changed_or_pure | sort -u | tidy || status=1
else
    find core -name '*.c' | tidy || status=1
fi
exit $status
