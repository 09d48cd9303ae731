/* A reader of bytes that are in memory, and then of what another reader still gives: how a
 * beginning that was looked at comes first again. Without another reader it is an image in
 * memory, which can be read as often as wanted. */
#ifndef MF_DRIVER_JOINED_H
#define MF_DRIVER_JOINED_H

#include "driver/stream.h"

struct mf_joined {
    struct mf_reader reader;
    const uint8_t *bytes;
    size_t length, given;
    struct mf_reader *rest;
};

/* `bytes`, and `rest` (or NULL), must outlive this. */
void mf_joined_init(struct mf_joined *self, const uint8_t *bytes, size_t length,
                    struct mf_reader *rest);

#endif
