// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Clocks and statistics of the benchmarks. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>

struct cost {
    double wall, cpu; /* seconds; cpu is user and system time of this process alone */
};

/* The middle of some values, and the quarter points around it. */
struct spread {
    double low, median, high;
};

void die(const char *what);
/* What the process has used up to now. */
struct cost cost_now(void);
struct cost cost_since(struct cost start);
/* Sorts the values. */
struct spread spread_of(double *values, size_t count);

#endif
