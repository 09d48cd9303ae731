// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Invariant: any bytes give the same frames whole and byte by byte, none longer than the limit,
 * and whatever came out of a frame comes out again when it is framed anew. */
#include "protocol/hdlc.h"

#include "protocol/crc.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

/* What came out of a stream, as counts and one checksum over all payloads and their lengths. */
struct outcome {
    unsigned frames, bad_crc, too_long;
    uint32_t sum;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_again(const uint8_t *payload, size_t length)
{
    uint8_t frame[MF_HDLC_FRAME_MAX(LIMIT)], buffer[LIMIT];
    struct mf_hdlc_decoder decoder;
    size_t framed = mf_hdlc_frame(frame, sizeof frame, payload, length), again_length;
    const uint8_t *again;

    mf_hdlc_init(&decoder, buffer, sizeof buffer);
    require(framed > 0);
    require(mf_hdlc_feed(&decoder, frame, framed, &again, &again_length) == framed);
    require(again != NULL && again_length == length && memcmp(again, payload, length) == 0);
}

static struct outcome decode_in_steps(const uint8_t *input, size_t length, size_t step)
{
    uint8_t buffer[LIMIT];
    struct mf_hdlc_decoder decoder;
    struct outcome outcome = {.sum = MF_CRC32_EMPTY};

    mf_hdlc_init(&decoder, buffer, sizeof buffer);
    for (size_t at = 0; at < length;) {
        const uint8_t *frame;
        size_t frame_length, some = length - at < step ? length - at : step;
        size_t used = mf_hdlc_feed(&decoder, input + at, some, &frame, &frame_length);

        require(used > 0 && used <= some);
        at += used;
        if (frame == NULL)
            continue;
        require(frame_length > 0 && frame_length <= LIMIT - 2);
        check_again(frame, frame_length);
        outcome.frames++;
        outcome.sum = mf_crc32(outcome.sum, frame, frame_length);
        outcome.sum = mf_crc32(outcome.sum, &(uint8_t){(uint8_t)frame_length}, 1);
    }
    outcome.bad_crc = decoder.bad_crc;
    outcome.too_long = decoder.too_long;
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    struct outcome whole = decode_in_steps(input, length, length);
    struct outcome bytes = decode_in_steps(input, length, 1);

    require(whole.frames == bytes.frames && whole.sum == bytes.sum);
    require(whole.bad_crc == bytes.bad_crc && whole.too_long == bytes.too_long);
    return 0;
}
