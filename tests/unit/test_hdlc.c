// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "check.h"
#include "fuzz/hdlc.c"
#include "protocol/hdlc.h"

enum { CAPACITY = 512, MOST_FRAMES = 8 };

/* What a decoder gave for a stream: the payloads end to end, and the end of each. */
struct result {
    uint8_t payloads[CAPACITY];
    size_t ends[MOST_FRAMES];
    size_t count;
    unsigned bad_crc, too_long;
};

/* Payloads and their frames; the escaped CRCs and sequences are those libqmi once got wrong. */
static const struct {
    const char *payload, *frame;
} frames[] = {
    {"70 00 00", "7e 70 00 00 14 46 7e"},
    {"0d 16 00 00 00 00", "7e 0d 16 00 00 00 00 88 4d 7e"},
    {"2d", "7e 2d 9f 0a 7e"},
    {"28 65 00 00 00 00 00 00 00", "7e 28 65 00 00 00 00 00 00 00 74 7d 5d 7e"},
    {"28 b0 00 00 00 00 00 00 00", "7e 28 b0 00 00 00 00 00 00 00 7d 5e 1f 7e"},
    {"28 7e 00 00 00 00 00 00 00", "7e 28 7d 5e 00 00 00 00 00 00 00 60 81 7e"},
    {"28 7d 00 00 00 00 00 00 00", "7e 28 7d 5d 00 00 00 00 00 00 00 b0 0b 7e"},
};

/* Streams with more in them than one frame, and what must come out. */
static const struct {
    const char *stream, *payloads;
    size_t count;
    unsigned bad_crc, too_long;
} streams[] = {
    {"13 70 00 00 6a 9a 7e", "13 70 00 00", 1, 0, 0}, /* no leading flag: a DIAG port */
    {"7e 7e 7e 2d 9f 0a 7e 7e", "2d", 1, 0, 0},       /* doubled flags */
    {"7e 2d 9f 0a 7e 2d 9f 0a 7e", "2d 2d", 2, 0, 0}, /* one flag between two */
    {"41 54 0d 0a 7e 2d 9f 0a 7e", "2d", 1, 1, 0},    /* garbage before */
    {"7e 2d 9f 0b 7e 2d 9f 0a 7e", "2d", 1, 1, 0},    /* bad CRC, flag shared */
    {"7e 9f 0a 7e 2d 9f 0a 7e", "2d", 1, 1, 0},       /* two bytes are no frame */
    {"7e 00 00 7e 55 7e 2d 9f 0a 7e", "2d", 1, 2, 0}, /* nor is one */
    {"7e 2d 9f 0a 7d 7e 2d 9f 0a 7e", "2d", 1, 1, 0}, /* escape before a flag: abort */
    {"7e 7d 7e 2d 9f 0a 7e", "2d", 1, 1, 0},          /* nothing but an escape */
    {"7e 28 7d 5e 00 00 00 00 00 00 00 00 00 60 81 7e 2d 9f 0a 7e", "2d", 1, 0, 1}, /* over-long */
    {"7e 28 7d 5e 00 00 00 00 00 00 00 60 81 7e", "28 7e 00 00 00 00 00 00 00", 1, 0, 0},
    {"7e 2d 9f 0a", "", 0, 0, 0}, /* not yet */
    {"", "", 0, 0, 0},
};

static void feed(struct mf_hdlc_decoder *decoder, const uint8_t *bytes, size_t length,
                 struct result *result)
{
    while (length > 0) {
        const uint8_t *frame;
        size_t frame_length, used = mf_hdlc_feed(decoder, bytes, length, &frame, &frame_length);
        size_t end = result->count > 0 ? result->ends[result->count - 1] : 0;

        CHECK(used > 0 && used <= length);
        CHECK(frame != NULL || used == length);
        bytes += used;
        length -= used;
        if (frame == NULL || result->count == MOST_FRAMES)
            continue;
        memcpy(result->payloads + end, frame, frame_length);
        result->ends[result->count++] = end + frame_length;
    }
    result->bad_crc = decoder->bad_crc;
    result->too_long = decoder->too_long;
}

/* A stream in pieces: `first` bytes, then pieces of `step`. */
static struct result decode(const uint8_t *bytes, size_t length, size_t first, size_t step)
{
    uint8_t buffer[11]; /* a write's answer and its CRC */
    struct mf_hdlc_decoder decoder;
    struct result result = {0};

    mf_hdlc_init(&decoder, buffer, sizeof buffer);
    feed(&decoder, bytes, first, &result);
    for (size_t at = first; at < length; at += step)
        feed(&decoder, bytes + at, length - at < step ? length - at : step, &result);
    return result;
}

static void check_frames(void)
{
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        uint8_t payload[16], out[MF_HDLC_FRAME_MAX(16)];
        size_t length = hex_bytes(payload, sizeof payload, frames[i].payload);
        size_t needed = mf_hdlc_frame(out, sizeof out, payload, length);

        CHECK_HEX(out, needed, frames[i].frame);
        CHECK_EQUAL(mf_hdlc_frame(out, needed, payload, length), needed);
        CHECK_EQUAL(mf_hdlc_frame(out, needed - 1, payload, length), 0);
        CHECK_EQUAL(mf_hdlc_frame(out, 0, payload, length), 0);
    }
}

static void check_longest_frame(void)
{
    uint8_t payload[8], out[MF_HDLC_FRAME_MAX(sizeof payload)];

    memset(payload, MF_HDLC_FLAG, sizeof payload);
    CHECK(mf_hdlc_frame(out, sizeof out, payload, sizeof payload) >= 2 * sizeof payload + 4);
}

static void check_stream(size_t row, const uint8_t *bytes, size_t length, size_t first, size_t step)
{
    struct result result = decode(bytes, length, first, step);
    size_t end = result.count > 0 ? result.ends[result.count - 1] : 0;

    CHECK_EQUAL(result.count, streams[row].count);
    CHECK_HEX(result.payloads, end, streams[row].payloads);
    CHECK_EQUAL(result.bad_crc, streams[row].bad_crc);
    CHECK_EQUAL(result.too_long, streams[row].too_long);
}

/* Whole, byte by byte, and split in two at every place. */
static void check_streams(void)
{
    for (size_t row = 0; row < sizeof streams / sizeof *streams; row++) {
        uint8_t bytes[64];
        size_t length = hex_bytes(bytes, sizeof bytes, streams[row].stream);

        check_stream(row, bytes, length, 0, 1);
        for (size_t at = 0; at <= length; at++)
            check_stream(row, bytes, length, at, length);
    }
}

/* Noise of any kind comes back out of its frame. */
static void check_round_trips(void)
{
    uint32_t state = 7;

    for (int run = 0; run < 2000; run++) {
        uint8_t payload[64], out[MF_HDLC_FRAME_MAX(64)], buffer[66];
        struct mf_hdlc_decoder decoder;
        const uint8_t *frame;
        size_t length = 1 + (size_t)run % sizeof payload, framed, frame_length;

        for (size_t i = 0; i < length; i++) {
            state = state * 1664525u + 1013904223u;
            payload[i] = state >> 31 ? (uint8_t)(0x7c + (state >> 24) % 3) : (uint8_t)(state >> 24);
        }
        framed = mf_hdlc_frame(out, sizeof out, payload, length);
        mf_hdlc_init(&decoder, buffer, sizeof buffer);
        CHECK_EQUAL(mf_hdlc_feed(&decoder, out, framed, &frame, &frame_length), framed);
        CHECK(frame != NULL && frame_length == length && memcmp(frame, payload, length) == 0);
    }
}

/* Streams of good frames, flags and escapes in disorder: see tests/fuzz/hdlc.c. */
static void check_made_up_streams(void)
{
    static const uint8_t pieces[][5] = {{0x7e}, {0x7d}, {0x7e, 0x2d, 0x9f, 0x0a, 0x7e}, {0x55}};
    static const size_t lengths[] = {1, 1, 5, 1};
    uint32_t state = 5;

    for (int run = 0; run < 5000; run++) {
        uint8_t stream[200];
        size_t length = 0;

        while (length + sizeof pieces[0] <= sizeof stream) {
            uint32_t piece;

            state = state * 1664525u + 1013904223u;
            piece = state >> 24 & 3;
            memcpy(stream + length, pieces[piece], lengths[piece]);
            length += lengths[piece];
        }
        LLVMFuzzerTestOneInput(stream, length);
    }
}

int main(void)
{
    check_frames();
    check_longest_frame();
    check_streams();
    check_round_trips();
    check_made_up_streams();
    return check_result();
}
