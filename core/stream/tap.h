// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A tap: a channel around another one that reports everything that passes, for traces. Image data is
 * reported as length and CRC-32, so a trace does not grow with the image. */
#ifndef MF_STREAM_TAP_H
#define MF_STREAM_TAP_H

#include "stream/stream.h"

#include <stdbool.h>

enum mf_tap_kind {
    MF_TAP_SENT,     /* these bytes */
    MF_TAP_RECEIVED, /* these bytes */
    MF_TAP_IMAGE, /* so many bytes of image data with this CRC-32 were sent: those of one message,
                        or a part of them if the modem answered or vanished in the middle */
    MF_TAP_ENDED  /* the channel hung up or failed; reported once */
};

struct mf_tap {
    struct mf_channel channel; /* first: a tap is a channel */
    struct mf_channel *inner;
    /* `bytes` is NULL and `crc` is set for MF_TAP_IMAGE. NULL: nothing is reported. */
    void (*report)(void *context, enum mf_tap_kind kind, const uint8_t *bytes, size_t length,
                   uint32_t crc);
    void *context;
    /* the tap's own */
    bool ended;
    size_t image_length; /* image data that is not reported yet ... */
    uint32_t image_crc;  /* ... and its CRC */
};

/* `inner` must outlive the tap. Its descriptor is copied. */
void mf_tap_init(struct mf_tap *tap, struct mf_channel *inner);
/* Reports the image data so far. */
void mf_tap_flush(struct mf_tap *tap);

#endif
