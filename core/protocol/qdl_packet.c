// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/qdl_packet.h"

#include "protocol/crc.h"
#include "protocol/endian.h"

#include <string.h>

/* --- requests -------------------------------------------------------------------------------- */

enum value { LITERAL, MAGIC, IMAGE_TYPE, FILE_SIZE, DATA_SIZE, HEAD, SEQUENCE, CHUNK_LENGTH, CRC };

enum { MAGIC_LENGTH = 32, VERSION = 6, FEATURES = 0x30, WINDOW = 1 };

struct field {
    uint16_t width; /* 0: end of the packet */
    uint8_t value;
    uint8_t literal;
};

static const char magic[MAGIC_LENGTH] = "QCOM high speed protocol hst";

static const struct field switch_request[] = {{1, LITERAL, 0x70}, {2, LITERAL, 0}, {0}};
static const struct field hello_request[] = {
    {1, LITERAL, 0x01},    {MAGIC_LENGTH, MAGIC, 0}, {1, LITERAL, VERSION},
    {1, LITERAL, VERSION}, {1, LITERAL, FEATURES},   {0},
};
static const struct field open_request[] = {
    {1, LITERAL, 0x25},     {1, IMAGE_TYPE, 0},
    {4, FILE_SIZE, 0},      {1, LITERAL, WINDOW},
    {4, DATA_SIZE, 0},      {2, LITERAL, 0}, /* reserved */
    {MF_QDL_HEAD, HEAD, 0}, {0},
};
static const struct field write_request[] = {
    {1, LITERAL, 0x27},   {2, SEQUENCE, 0}, {4, LITERAL, 0}, /* reserved */
    {4, CHUNK_LENGTH, 0}, {2, CRC, 0},      {0},
};
static const struct field done_request[] = {{1, LITERAL, 0x29}, {0}};
static const struct field reset_request[] = {{1, LITERAL, 0x2d}, {0}};

static const struct packet {
    const struct field *fields;
    bool framed;
} packets[] = {
    [MF_QDL_SWITCH_REQUEST] = {switch_request, true},
    [MF_QDL_HELLO_REQUEST] = {hello_request, true},
    [MF_QDL_OPEN_REQUEST] = {open_request, true},
    [MF_QDL_WRITE_REQUEST] = {write_request, false},
    [MF_QDL_DONE_REQUEST] = {done_request, true},
    [MF_QDL_RESET_REQUEST] = {reset_request, true},
};

static uint32_t number_of(const struct mf_qdl *qdl, const struct field *field,
                          const uint8_t *before, size_t length)
{
    switch (field->value) {
    case IMAGE_TYPE:
        return qdl->image_type;
    case FILE_SIZE:
        return MF_QDL_HEAD + qdl->total;
    case DATA_SIZE:
        return qdl->total;
    case SEQUENCE:
        return qdl->sequence;
    case CHUNK_LENGTH:
        return qdl->chunk_length;
    case CRC:
        return mf_crc16(MF_CRC16_EMPTY, before, length);
    default:
        return field->literal;
    }
}

static void put_field(const struct mf_qdl *qdl, const struct field *field, uint8_t *out, size_t at)
{
    if (field->value == MAGIC) {
        memcpy(out + at, magic, field->width);
    } else if (field->value == HEAD) {
        memcpy(out + at, qdl->head, field->width);
    } else {
        uint32_t number = number_of(qdl, field, out, at);

        for (unsigned i = 0; i < field->width; i++)
            out[at + i] = (uint8_t)(number >> 8 * i);
    }
}

void mf_qdl_build(struct mf_qdl *qdl, enum mf_qdl_packet packet)
{
    uint8_t payload[MF_QDL_PAYLOAD];
    size_t length = 0;

    for (const struct field *field = packets[packet].fields; field->width > 0; field++) {
        put_field(qdl, field, payload, length);
        length += field->width;
    }
    if (packets[packet].framed) {
        qdl->out_length = mf_hdlc_frame(qdl->out, sizeof qdl->out, payload, length);
    } else {
        memcpy(qdl->out, payload, length);
        qdl->out_length = length;
    }
}

/* --- answers --------------------------------------------------------------------------------- */

/* The first row that fits decides. A text at the end may have any length. */
static const struct {
    uint8_t command;
    uint16_t least, most;
    enum mf_qdl_reply reply;
} replies[] = {
    {0x02, 49, MF_QDL_PAYLOAD, MF_QDL_REPLY_HELLO},
    {0x02, 1, 48, MF_QDL_REPLY_ACK},
    {0x0d, 5, MF_QDL_PAYLOAD, MF_QDL_REPLY_ERROR},
    {0x26, 8, MF_QDL_PAYLOAD, MF_QDL_REPLY_OPEN},
    {0x28, 9, MF_QDL_PAYLOAD, MF_QDL_REPLY_WRITE},
    {0x2a, 4, MF_QDL_PAYLOAD, MF_QDL_REPLY_DONE},
    {0x13, 1, MF_QDL_PAYLOAD, MF_QDL_REPLY_DIAG}, /* "bad command", then our request */
    {0x03, 3, 3, MF_QDL_REPLY_BOOTROM},           /* NAK, u16 reason */
};

enum mf_qdl_reply mf_qdl_classify(const uint8_t *payload, size_t length)
{
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        if (payload[0] == replies[i].command && length >= replies[i].least &&
            length <= replies[i].most)
            return replies[i].reply;
    return MF_QDL_REPLY_UNKNOWN;
}

/* After version and block size: u32 flash base, u8 length of the flash's id, the id, u16 window,
 * u16 number of sectors, u32 for each, u8 features. */
uint8_t mf_qdl_hello_features(const uint8_t *payload, size_t length)
{
    enum { ID_LENGTH = 43, ID = 44, WINDOW_LENGTH = 2 };
    size_t at = ID + (size_t)payload[ID_LENGTH] + WINDOW_LENGTH;

    if (at + 2 > length)
        return 0;
    at += 2 + 4 * (size_t)mf_get_u16le(payload + at);
    return at < length ? payload[at] : 0;
}

static bool is_text(const uint8_t *bytes, size_t length)
{
    enum { LEAST = 4 };

    for (size_t i = 0; i < length; i++)
        if (!(bytes[i] >= ' ' && bytes[i] < MF_HDLC_FLAG) && strchr("\r\n\t", bytes[i]) == NULL)
            return false;
    return length >= LEAST;
}

enum mf_qdl_other_protocol mf_qdl_identify(const uint8_t *bytes, size_t length)
{
    static const uint8_t sahara_hello[] = {0x01, 0, 0, 0, 0x30, 0, 0, 0}; /* command 1, length 48 */

    if (length == 0)
        return MF_OTHER_NONE;
    if (length >= sizeof sahara_hello && memcmp(bytes, sahara_hello, sizeof sahara_hello) == 0)
        return MF_OTHER_SAHARA;
    return is_text(bytes, length) ? MF_OTHER_AT : MF_OTHER_UNKNOWN;
}
