/* A reader that lets the bytes of another reader through and verifies them as a CWE image on the
 * way. When told to withhold, it is always one byte behind: the last byte, without which no modem
 * has a whole image, is given only once the other reader has ended and everything was right. */
#ifndef MF_STREAM_VERIFY_READER_H
#define MF_STREAM_VERIFY_READER_H

#include "protocol/cwe.h"
#include "stream/stream.h"

#include <stdbool.h>

struct mf_verify_reader {
    struct mf_reader reader;
    struct mf_reader *inner;
    struct mf_cwe cwe;
    bool withhold;
    bool expects;    /* the CRC of the whole file must be `expect` */
    uint32_t expect; /* what an earlier pass over the same source gave */
    bool ended;      /* the other reader came to its end */
    bool good;       /* the verdict, once ended */
    bool holds;
    uint8_t held;
};

/* `inner` must stand at its first byte and outlive this. `expect` may be NULL. Reads give
 * MF_STREAM_REJECTED as soon as something is known to be wrong, when withholding; else they give
 * everything and the verdict is in `good`. */
void mf_verify_reader_init(struct mf_verify_reader *self, struct mf_reader *inner, bool withhold,
                           const uint32_t *expect);

#endif
