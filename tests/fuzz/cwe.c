// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Invariant: in whatever pieces a file comes, the verifier says the same of it; every record lies
 * inside the file and the one around it; what it calls good has only right checksums, counted here
 * byte by byte for each record, and one flipped bit of checked bytes makes it bad.
 *
 * Mutation never meets a CRC, so the target corrects the checksums of an input whose first byte is odd.
 * The bytes before the file: mending, piece length (2), place of the bit to flip (2). */
#include "protocol/cwe.h"

#include "protocol/endian.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

enum { PLAN = 5, MOST = 1 << 16, DEPTH = MF_CWE_DEPTH + 2, REVISION = 3 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static uint32_t naive_crc(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return crc;
}

static void put_u32be(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Sets the checksums of what looks like records, the inner ones first. */
static void correct(uint8_t *bytes, size_t length, int depth)
{
    while (length >= MF_CWE_HEADER && mf_get_u32be(bytes + 0x104) == REVISION && depth < DEPTH) {
        size_t room = length - MF_CWE_HEADER, size = mf_get_u32be(bytes + 0x114);
        uint8_t *data = bytes + MF_CWE_HEADER;

        if (size > room)
            size = room;
        correct(data, size, depth + 1);
        put_u32be(bytes + 0x100, naive_crc(bytes, MF_CWE_CRC_SPAN));
        put_u32be(bytes + 0x118, naive_crc(data, size));
        bytes = data + size;
        length = room - size;
    }
}

static bool verify(struct mf_cwe *cwe, const uint8_t *bytes, size_t length, size_t piece)
{
    mf_cwe_init(cwe);
    for (size_t at = 0; at < length; at += piece)
        mf_cwe_feed(cwe, bytes + at, length - at < piece ? length - at : piece);
    return mf_cwe_finish(cwe);
}

static void check_records(const struct mf_cwe *cwe, const uint8_t *bytes, size_t length, bool good)
{
    uint64_t ends[MF_CWE_DEPTH];

    require(cwe->record_count <= MF_CWE_RECORDS && cwe->position == length);
    require(good == (cwe->problem_count == 0));
    for (unsigned i = 0; i < cwe->record_count; i++) {
        const struct mf_cwe_record *record = &cwe->records[i];
        uint64_t data = record->offset + MF_CWE_HEADER, end = data + record->header.image_size;

        require(record->depth < MF_CWE_DEPTH && data <= length);
        require(memchr(record->header.version, '\0', sizeof record->header.version) != NULL);
        ends[record->depth] = end;
        if (!good)
            continue;
        require(record->depth == 0 ? end == length : end <= ends[record->depth - 1]);
        require(naive_crc(bytes + data, record->header.image_size) == record->header.image_crc);
        require(naive_crc(bytes + record->offset, MF_CWE_CRC_SPAN) == record->header.header_crc);
    }
}

static void check_same(const struct mf_cwe *one, const struct mf_cwe *other)
{
    require(one->crc == other->crc && one->record_count == other->record_count);
    require(one->problem_count == other->problem_count);
    require(memcmp(one->records, other->records, one->record_count * sizeof *one->records) == 0);
    for (unsigned i = 0; i < one->problem_count && i < MF_CWE_PROBLEMS; i++)
        require(one->problems[i].kind == other->problems[i].kind &&
                one->problems[i].offset == other->problems[i].offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    static uint8_t bytes[MOST];
    static struct mf_cwe whole, split;
    size_t piece, place;
    bool good;

    if (length <= PLAN || length > MOST)
        return 0;
    piece = 1u + mf_get_u16le(input + 1);
    place = mf_get_u16le(input + 3);
    length -= PLAN;
    memcpy(bytes, input + PLAN, length);
    if (input[0] & 1)
        correct(bytes, length, 0);
    good = verify(&whole, bytes, length, length);
    check_records(&whole, bytes, length, good);
    require(verify(&split, bytes, length, piece) == good);
    check_same(&whole, &split);
    if (!good)
        return 0;
    place %= length;
    if (place < MF_CWE_CRC_SPAN || place >= MF_CWE_HEADER) {
        bytes[place] ^= (uint8_t)(1u << (input[0] >> 5));
        require(!verify(&split, bytes, length, length));
    }
    return 0;
}
