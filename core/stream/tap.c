// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "stream/tap.h"

#include "protocol/crc.h"

static void report(struct mf_tap *tap, enum mf_tap_kind kind, const uint8_t *bytes, size_t length,
                   uint32_t crc)
{
    if (tap->report != NULL)
        tap->report(tap->context, kind, bytes, length, crc);
}

static void report_bytes(struct mf_tap *tap, enum mf_tap_kind kind, const uint8_t *bytes,
                         size_t length)
{
    if (length == 0)
        return;
    mf_tap_flush(tap);
    report(tap, kind, bytes, length, 0);
}

void mf_tap_flush(struct mf_tap *tap)
{
    size_t length = tap->image_length;
    uint32_t crc = tap->image_crc;

    tap->image_length = 0;
    tap->image_crc = MF_CRC32_EMPTY;
    if (length > 0)
        report(tap, MF_TAP_IMAGE, NULL, length, crc);
}

static void add_image(struct mf_tap *tap, const uint8_t *bytes, size_t length)
{
    tap->image_length += length;
    tap->image_crc = mf_crc32(tap->image_crc, bytes, length);
    if (length == tap->channel.unsent.image)
        mf_tap_flush(tap);
}

/* `unsent` says where image data begins and ends. */
static void report_sent(struct mf_tap *tap, const uint8_t *bytes, size_t length)
{
    const struct mf_unsent *unsent = &tap->channel.unsent;
    size_t plain = unsent->image == 0 || length < unsent->plain ? length : unsent->plain;

    report_bytes(tap, MF_TAP_SENT, bytes, plain);
    if (length > plain)
        add_image(tap, bytes + plain, length - plain);
}

/* --- the channel ------------------------------------------------------------------------------ */

static struct mf_channel *inner_of(struct mf_tap *tap)
{
    tap->inner->interrupt = tap->channel.interrupt;
    tap->inner->unsent = tap->channel.unsent;
    return tap->inner;
}

static ssize_t passed(struct mf_tap *tap, ssize_t count)
{
    tap->channel.error = tap->inner->error;
    if ((count == MF_STREAM_CLOSED || count == MF_STREAM_FAILED) && !tap->ended) {
        mf_tap_flush(tap);
        tap->ended = true;
        report(tap, MF_TAP_ENDED, NULL, 0, 0);
    }
    return count;
}

static ssize_t tap_read(struct mf_channel *self, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_tap *tap = (struct mf_tap *)self;
    ssize_t count = inner_of(tap)->read(tap->inner, out, capacity, timeout_ms);

    if (count > 0)
        report_bytes(tap, MF_TAP_RECEIVED, out, (size_t)count);
    return passed(tap, count);
}

static ssize_t tap_write(struct mf_channel *self, const uint8_t *bytes, size_t length,
                         int timeout_ms)
{
    struct mf_tap *tap = (struct mf_tap *)self;
    ssize_t count = inner_of(tap)->write(tap->inner, bytes, length, timeout_ms);

    if (count > 0)
        report_sent(tap, bytes, (size_t)count);
    return passed(tap, count);
}

static ssize_t tap_send(struct mf_channel *self, const uint8_t *bytes, size_t length)
{
    struct mf_tap *tap = (struct mf_tap *)self;
    ssize_t count = inner_of(tap)->send(tap->inner, bytes, length);

    if (count > 0)
        report_sent(tap, bytes, (size_t)count);
    return passed(tap, count);
}

static int tap_ready(struct mf_channel *self, int reported)
{
    struct mf_tap *tap = (struct mf_tap *)self;

    return tap->inner->ready(tap->inner, reported);
}

void mf_tap_init(struct mf_tap *tap, struct mf_channel *inner)
{
    *tap = (struct mf_tap){
        .channel = {.read = tap_read,
                    .write = tap_write,
                    .send = inner->send != NULL ? tap_send : NULL,
                    .ready = inner->ready != NULL ? tap_ready : NULL,
                    .write_size = inner->write_size,
                    .descriptor = inner->descriptor,
                    .interrupt = -1},
        .inner = inner,
        .image_crc = MF_CRC32_EMPTY,
    };
}
