// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A reader that gives bytes from memory first, then those of another reader. So the beginning of a
 * pipe can be inspected and is still read. Without another reader it is an image in memory, which can
 * be read again. */
#ifndef MF_STREAM_PREFIX_READER_H
#define MF_STREAM_PREFIX_READER_H

#include "stream/stream.h"

struct mf_prefix_reader {
    struct mf_reader reader;
    const uint8_t *bytes;
    size_t length, given;
    struct mf_reader *rest;
};

/* `bytes` and `rest` (may be NULL) must outlive this reader. */
void mf_prefix_reader_init(struct mf_prefix_reader *self, const uint8_t *bytes, size_t length,
                           struct mf_reader *rest);

#endif
