// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A reader of a file or of any other descriptor. A regular file is always ready, its size is known, and
 * it can be rewound. For anything else a read waits until bytes arrive, and they are read once. */
#ifndef MF_DRIVER_SOURCE_H
#define MF_DRIVER_SOURCE_H

#include "stream/stream.h"

struct mf_source {
    struct mf_reader reader;
    int file;         /* the descriptor, -1 once closed */
    int64_t start;    /* regular file: offset of the first byte */
    int64_t position; /* bytes given */
    int interrupt;    /* descriptor watched while waiting, or -1 */
};

/* Opens a path for reading, without waiting for the writer of a FIFO. Returns 0 or an errno value
 * (EISDIR for a folder); then `self` is closed. */
int mf_source_open(struct mf_source *self, const char *path, int interrupt);
/* Makes a source of a duplicate of `descriptor`, from its current offset; the caller keeps its own.
 * `size` may be -1: unknown. Returns 0 or an errno value. */
int mf_source_adopt(struct mf_source *self, int descriptor, int64_t size, int interrupt);
/* Later reads fail. May be called again. */
void mf_source_close(struct mf_source *self);

#endif
