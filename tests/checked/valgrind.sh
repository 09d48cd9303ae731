#!/bin/sh
# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# Runs a program under memcheck: sh tests/checked/valgrind.sh PROGRAM [ARGUMENT...]. Faults make the exit status 99.
exec valgrind --quiet --error-exitcode=99 --child-silent-after-fork=yes --leak-check=full \
    --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
    --suppressions="$(dirname "$0")/valgrind.supp" "$@"
