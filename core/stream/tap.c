#include "stream/tap.h"

#include "protocol/crc.h"
#include "protocol/endian.h"

enum {
    FLAG = 0x7e,  /* around a frame */
    WRITE = 0x27, /* begins the header of a write, which is not framed (reference: QDL) */
    DATA_LENGTH_AT = 7
};

static void tell(struct mf_tap *tap, enum mf_tap_kind kind, const uint8_t *bytes, size_t length)
{
    if (tap->saw != NULL && length > 0)
        tap->saw(tap->context, kind, bytes, length, 0);
}

void mf_tap_flush(struct mf_tap *tap)
{
    uint32_t summed = tap->summed, crc = tap->crc;

    tap->summed = 0;
    tap->crc = MF_CRC32_EMPTY;
    if (tap->saw != NULL && summed > 0)
        tap->saw(tap->context, MF_TAP_IMAGE, NULL, summed, crc);
}

/* --- what is sent ----------------------------------------------------------------------------- */

static void collect_header(struct mf_tap *tap, uint8_t byte)
{
    tap->header[tap->header_length++] = byte;
    if (tap->header_length < MF_TAP_WRITE_HEADER)
        return;
    tap->header_length = 0;
    tap->due = mf_get_u32le(tap->header + DATA_LENGTH_AT);
}

/* A write can only begin where nothing else is under way. */
static void follow(struct mf_tap *tap, uint8_t byte)
{
    bool outside = !tap->in_frame && !tap->in_text;

    if (tap->header_length > 0 || (outside && byte == WRITE))
        collect_header(tap, byte);
    else if (byte == FLAG)
        tap->in_frame = !tap->in_frame;
    else if (outside)
        tap->in_text = true;
}

static size_t follow_plain(struct mf_tap *tap, const uint8_t *bytes, size_t length)
{
    size_t count = 0;

    while (count < length && tap->due == 0)
        follow(tap, bytes[count++]);
    tell(tap, MF_TAP_SENT, bytes, count);
    return count;
}

static size_t sum_up(struct mf_tap *tap, const uint8_t *bytes, size_t length)
{
    size_t count = length < tap->due ? length : tap->due;

    tap->crc = mf_crc32(tap->crc, bytes, count);
    tap->summed += (uint32_t)count;
    tap->due -= (uint32_t)count;
    if (tap->due == 0)
        mf_tap_flush(tap);
    return count;
}

static void sent(struct mf_tap *tap, const uint8_t *bytes, size_t length)
{
    size_t at = 0;

    while (at < length)
        at += tap->due > 0 ? sum_up(tap, bytes + at, length - at)
                           : follow_plain(tap, bytes + at, length - at);
}

/* --- the channel ------------------------------------------------------------------------------ */

static ssize_t passed(struct mf_tap *tap, ssize_t count)
{
    tap->channel.error = tap->inner->error;
    if ((count == MF_STREAM_CLOSED || count == MF_STREAM_FAILED) && !tap->ended) {
        mf_tap_flush(tap);
        tap->ended = true;
        if (tap->saw != NULL)
            tap->saw(tap->context, MF_TAP_ENDED, NULL, 0, 0);
    }
    return count;
}

static ssize_t tap_read(struct mf_channel *self, uint8_t *out, size_t capacity, int timeout_ms)
{
    struct mf_tap *tap = (struct mf_tap *)self;
    ssize_t count = tap->inner->read(tap->inner, out, capacity, timeout_ms);

    if (count > 0) {
        mf_tap_flush(tap);
        tap->in_frame = tap->in_text = false; /* what is sent next begins anew */
        tell(tap, MF_TAP_RECEIVED, out, (size_t)count);
    }
    return passed(tap, count);
}

static ssize_t tap_write(struct mf_channel *self, const uint8_t *bytes, size_t length,
                         int timeout_ms)
{
    struct mf_tap *tap = (struct mf_tap *)self;
    ssize_t count = tap->inner->write(tap->inner, bytes, length, timeout_ms);

    if (count > 0 && tap->saw != NULL)
        sent(tap, bytes, (size_t)count);
    return passed(tap, count);
}

void mf_tap_init(struct mf_tap *tap, struct mf_channel *inner)
{
    *tap = (struct mf_tap){
        .channel = {.read = tap_read, .write = tap_write, .descriptor = inner->descriptor},
        .inner = inner,
        .crc = MF_CRC32_EMPTY,
    };
}
