/* A tap: a channel that passes everything on to another one and tells what went through. The data
 * of a download's writes is not told but summed up, so what a listener keeps does not grow with
 * the image. */
#ifndef MF_STREAM_TAP_H
#define MF_STREAM_TAP_H

#include "stream/stream.h"

#include <stdbool.h>

enum mf_tap_kind {
    MF_TAP_SENT,     /* these bytes */
    MF_TAP_RECEIVED, /* these bytes */
    MF_TAP_IMAGE,    /* so many bytes of an image with this CRC-32 were sent: those of one write,
                        or as far as it came when the modem spoke or vanished */
    MF_TAP_ENDED     /* the channel is closed or failed; told once */
};

enum { MF_TAP_WRITE_HEADER = 13 };

struct mf_tap {
    struct mf_channel channel; /* first: a tap is a channel */
    struct mf_channel *inner;
    /* `bytes` is NULL and `crc` is set for MF_TAP_IMAGE. NULL: nobody listens. */
    void (*saw)(void *context, enum mf_tap_kind kind, const uint8_t *bytes, size_t length,
                uint32_t crc);
    void *context;
    /* the tap's own */
    bool in_frame, in_text, ended;
    uint8_t header[MF_TAP_WRITE_HEADER]; /* of a write, as far as it has been sent */
    size_t header_length;
    uint32_t due, summed, crc; /* bytes of image data to come, and those not told yet */
};

/* `inner` must outlive the tap; its descriptor is copied. */
void mf_tap_init(struct mf_tap *tap, struct mf_channel *inner);
/* Tells what has been summed up so far. */
void mf_tap_flush(struct mf_tap *tap);

#endif
