// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void die(const char *what)
{
    perror(what);
    exit(1);
}

struct cost cost_now(void)
{
    struct timespec wall, cpu;

    clock_gettime(CLOCK_MONOTONIC, &wall);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct cost){(double)wall.tv_sec + (double)wall.tv_nsec / 1e9,
                         (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9};
}

struct cost cost_since(struct cost start)
{
    struct cost now = cost_now();

    return (struct cost){now.wall - start.wall, now.cpu - start.cpu};
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

struct spread spread_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return (struct spread){values[count / 4], values[count / 2], values[count - 1 - count / 4]};
}
