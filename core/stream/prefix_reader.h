/* A reader of bytes that are in memory, and then of what another reader still gives: how a
 * beginning that was looked at comes first again. Without another reader it is an image in
 * memory, which can be read as often as wanted. */
#ifndef MF_STREAM_PREFIX_READER_H
#define MF_STREAM_PREFIX_READER_H

#include "stream/stream.h"

struct mf_prefix_reader {
    struct mf_reader reader;
    const uint8_t *bytes;
    size_t length, given;
    struct mf_reader *rest;
};

/* `bytes`, and `rest` (or NULL), must outlive this. */
void mf_prefix_reader_init(struct mf_prefix_reader *self, const uint8_t *bytes, size_t length,
                           struct mf_reader *rest);

#endif
