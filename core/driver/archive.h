// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A reader of the members of a zip archive that another reader gives. The archive is read from its
 * first byte to its last without seeking, so it may come from a pipe; nothing is unpacked to a file,
 * and little is kept in memory. Names of members are bytes to compare and to show, never paths.
 *
 * libarchive cannot continue after a read that gave nothing, so it is called only when input has
 * arrived. In the middle of a member's header it may need more than that; then a read of the other
 * reader waits up to `patience_ms`. */
#ifndef MF_DRIVER_ARCHIVE_H
#define MF_DRIVER_ARCHIVE_H

#include "stream/stream.h"

#include <stdbool.h>

struct archive;

enum { MF_ARCHIVE_INPUT = 16384, MF_ARCHIVE_NAME = 255 };

struct mf_archive {
    struct mf_reader reader; /* of the current member */
    struct mf_reader *inner;
    struct archive *handle;
    int patience_ms, interrupt;
    char name[MF_ARCHIVE_NAME + 1]; /* of the current member, cut off when too long; control
                                       characters are replaced */
    unsigned ordinal;               /* of the current member, from 1 */
    const uint8_t *block;           /* given by libarchive and not read yet */
    size_t block_left;
    int64_t given;     /* bytes of input that libarchive got */
    size_t unconsumed; /* bytes of these that it counts as used only when it is called again */
    int input_failed;  /* the mf_stream_result with which `inner` failed, or 0 */
    bool opened;       /* libarchive has read the beginning */
    bool stored;       /* the current member's data is not compressed */
    bool ended;        /* all of the current member was read */
    char reason[160];
    uint8_t input[MF_ARCHIVE_INPUT];
};

/* `inner` must be at its first byte and outlive this. Returns 0 or an errno value. */
int mf_archive_init(struct mf_archive *self, struct mf_reader *inner, int patience_ms,
                    int interrupt);
/* Skips the rest of the current member and goes to the next one that is a file. Returns 1, 0 after the
 * last one, or an mf_stream_result. */
int mf_archive_next(struct mf_archive *self);
/* Frees all memory; later reads fail. May be called again. */
void mf_archive_close(struct mf_archive *self);

#endif
