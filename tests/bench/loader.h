// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The other end of a measurement: a child behind a pseudo terminal that takes bytes and answers as
 * a modem's loader does, looking at nothing but lengths. */
#ifndef BENCH_LOADER_H
#define BENCH_LOADER_H

#include <stdint.h>
#include <sys/types.h>

struct loader {
    pid_t child;
    char path[64]; /* of the terminal */
    int held_open;
};

/* Starts one. The first `plain` bytes are not commands but the data of a write that is under way;
 * after them comes the answer to a write. Ends the program when anything fails. */
void loader_start(struct loader *loader, uint32_t plain);
/* Waits until it ends, which it does once the terminal is closed. */
void loader_finish(struct loader *loader);

#endif
