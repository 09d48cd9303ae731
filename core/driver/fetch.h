// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A source that reads the standard output of a child, for programs that download images. The child has
 * its own process group. The end of its output is the end of the image only when its exit status is 0;
 * otherwise the read fails, and its standard error is the reason. */
#ifndef MF_DRIVER_FETCH_H
#define MF_DRIVER_FETCH_H

#include "driver/source.h"

enum { MF_FETCH_ERRORS = 256 };

struct mf_fetch {
    struct mf_source source;
    ssize_t (*read_pipe)(struct mf_reader *self, uint8_t *out, size_t capacity, int timeout_ms);
    pid_t child;                    /* -1 once its status was taken */
    int status;                     /* of the ended child; -1: lost */
    int errors;                     /* its standard error; -1 once closed */
    char text[MF_FETCH_ERRORS + 1]; /* the last bytes from there */
    size_t text_length;
};

/* Initializes a closed one, so that mf_fetch_close may be called. */
void mf_fetch_init(struct mf_fetch *self);
/* Starts a program; argv and environment as for mf_spawn. Returns 0 or an errno value, ENOENT when
 * there is no such program. */
int mf_fetch_start(struct mf_fetch *self, const char *const *argv, const char *const *environment,
                   int interrupt);
/* Kills the process group of the child while the child runs. May be called again. */
void mf_fetch_close(struct mf_fetch *self);

#endif
