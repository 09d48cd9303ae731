// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A reader that verifies a CWE image as it streams through. With `withhold` it holds back the last
 * byte until the image has ended and all CRCs are known to be right, so a modem never receives a
 * complete bad image. An image that was verified before, and that has the same stamp, is not summed again. Its
 * stamp is compared once more at its end. */
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
    uint32_t expect; /* the CRC of an earlier pass over the same source */
    bool is_known;   /* its stamp is that of the earlier pass: no sum is made */
    char stamp[MF_STAMP];
    bool ended; /* the inner reader has ended */
    bool good;  /* the verdict, once ended */
    bool holds; /* `held` is the last byte that was read, and not given yet */
    uint8_t held;
};

/* `inner` must be at its first byte and outlive this reader. `expect` may be NULL. With `withhold`,
 * reads return MF_STREAM_REJECTED as soon as a problem is known; without, they give all bytes, and
 * the verdict is in `good`. */
void mf_verify_reader_init(struct mf_verify_reader *self, struct mf_reader *inner, bool withhold,
                           const uint32_t *expect);
/* An earlier pass over the image found no problem, and `stamp` was the source's stamp before and after it.
 * Called before the first read. */
void mf_verify_reader_trust(struct mf_verify_reader *self, const char *stamp);

#endif
