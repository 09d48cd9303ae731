// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/hdlc.h"

#include "protocol/crc.h"
#include "protocol/endian.h"

enum { ESCAPE = 0x7d, ESCAPED = 0x20, CRC_LENGTH = 2 };

static size_t put_escaped(uint8_t *out, const uint8_t *bytes, size_t length)
{
    uint8_t *at = out;

    for (; length > 0; bytes++, length--) {
        if (*bytes == MF_HDLC_FLAG || *bytes == ESCAPE) {
            *at++ = ESCAPE;
            *at++ = *bytes ^ ESCAPED;
        } else {
            *at++ = *bytes;
        }
    }
    return (size_t)(at - out);
}

static size_t escaped_length(const uint8_t *bytes, size_t length)
{
    size_t total = length;

    for (size_t i = 0; i < length; i++)
        total += bytes[i] == MF_HDLC_FLAG || bytes[i] == ESCAPE;
    return total;
}

size_t mf_hdlc_frame(uint8_t *out, size_t capacity, const uint8_t *payload, size_t length)
{
    uint8_t crc[CRC_LENGTH];
    size_t at = 0;

    mf_put_u16le(crc, mf_crc16(MF_CRC16_EMPTY, payload, length));
    if (escaped_length(payload, length) + escaped_length(crc, CRC_LENGTH) + 2 > capacity)
        return 0;
    out[at++] = MF_HDLC_FLAG;
    at += put_escaped(out + at, payload, length);
    at += put_escaped(out + at, crc, CRC_LENGTH);
    out[at++] = MF_HDLC_FLAG;
    return at;
}

void mf_hdlc_init(struct mf_hdlc_decoder *decoder, uint8_t *buffer, size_t capacity)
{
    *decoder = (struct mf_hdlc_decoder){.buffer = buffer, .capacity = capacity};
}

static void start_frame(struct mf_hdlc_decoder *decoder)
{
    decoder->length = 0;
    decoder->escaped = false;
    decoder->overlong = false;
}

static void add_byte(struct mf_hdlc_decoder *decoder, uint8_t byte)
{
    if (byte == ESCAPE) {
        decoder->escaped = true;
        return;
    }
    if (decoder->escaped)
        byte ^= ESCAPED;
    decoder->escaped = false;
    if (decoder->length < decoder->capacity)
        decoder->buffer[decoder->length++] = byte;
    else
        decoder->overlong = true;
}

static bool crc_matches(const uint8_t *bytes, size_t payload)
{
    return mf_crc16(MF_CRC16_EMPTY, bytes, payload) == mf_get_u16le(bytes + payload);
}

/* At a flag: returns the length of the payload in the buffer, 0 if the frame is not good. */
static size_t end_frame(struct mf_hdlc_decoder *decoder)
{
    size_t length = decoder->length;

    if (length == 0 && !decoder->escaped)
        return 0;
    if (decoder->overlong) {
        decoder->too_long++;
        return 0;
    }
    if (length <= CRC_LENGTH || decoder->escaped ||
        !crc_matches(decoder->buffer, length - CRC_LENGTH)) {
        decoder->bad_crc++;
        return 0;
    }
    return length - CRC_LENGTH;
}

size_t mf_hdlc_feed(struct mf_hdlc_decoder *decoder, const uint8_t *bytes, size_t length,
                    const uint8_t **frame, size_t *frame_length)
{
    *frame = NULL;
    *frame_length = 0;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != MF_HDLC_FLAG) {
            add_byte(decoder, bytes[i]);
            continue;
        }
        *frame_length = end_frame(decoder);
        start_frame(decoder);
        if (*frame_length > 0) {
            *frame = decoder->buffer;
            return i + 1;
        }
    }
    return length;
}
