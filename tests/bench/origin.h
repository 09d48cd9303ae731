// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Where the bytes of a measurement come from: a file, a pipe, a member of an archive. */
#ifndef BENCH_ORIGIN_H
#define BENCH_ORIGIN_H

#include "driver/archive.h"
#include "driver/source.h"

struct origin {
    struct mf_reader *reader; /* one of these two */
    struct mf_source source;
    struct mf_archive archive;
    uint32_t size;
    int descriptor; /* of the file or pipe */
    pid_t cat;      /* fills the pipe; 0: no process */
};

/* Ends the program when anything fails. `kind`: file, pipe or zip. */
void origin_open(struct origin *origin, const char *kind, const char *path);
/* As a plain loop would: read(2), or libarchive. 0 at the end. */
ssize_t origin_read_plainly(struct origin *origin, uint8_t *out, size_t capacity);
void origin_close(struct origin *origin);

#endif
