// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* HDLC frames of QDL and DIAG: 7e, payload and its CRC-16 (low byte first) with 7e and 7d escaped
 * (7d, byte xor 20), 7e. A received frame may lack the leading flag. */
#ifndef MF_PROTOCOL_HDLC_H
#define MF_PROTOCOL_HDLC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MF_HDLC_FLAG 0x7e
/* Most bytes of a frame with `length` payload bytes. */
#define MF_HDLC_FRAME_MAX(length) (2 * ((length) + 2) + 2)

/* Writes the frame of a payload. Returns its length, 0 if `capacity` is too small. */
size_t mf_hdlc_frame(uint8_t *out, size_t capacity, const uint8_t *payload, size_t length);

/* Decodes a byte stream in any split. The buffer is the caller's and limits the unescaped length of a
 * frame (payload + 2). Frames that are too long, have a bad CRC or have fewer than three bytes are
 * counted and dropped; empty ones (doubled flags) are ignored. */
struct mf_hdlc_decoder {
    uint8_t *buffer;
    size_t capacity;
    size_t length;
    bool escaped;
    bool overlong;
    unsigned bad_crc;  /* frames dropped since init */
    unsigned too_long; /* frames dropped since init */
};

void mf_hdlc_init(struct mf_hdlc_decoder *decoder, uint8_t *buffer, size_t capacity);

/* Feeds bytes up to the end of the next good frame. Returns how many were consumed. When a frame
 * was completed *frame points to its payload in the decoder's buffer (valid until the next call)
 * and *frame_length is its length; otherwise *frame is NULL and all bytes were consumed. */
size_t mf_hdlc_feed(struct mf_hdlc_decoder *decoder, const uint8_t *bytes, size_t length,
                    const uint8_t **frame, size_t *frame_length);

#endif
