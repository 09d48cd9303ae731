#!/bin/sh
# Runs a program under memcheck: sh tests/checked/valgrind.sh PROGRAM [ARGUMENT...]. Faults make the exit status 99.
exec valgrind --quiet --error-exitcode=99 --child-silent-after-fork=yes --leak-check=full \
    --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
    --suppressions="$(dirname "$0")/valgrind.supp" "$@"
