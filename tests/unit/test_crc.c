// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "check.h"
#include "protocol/crc.h"

enum { LENGTH = 4099 };

static const uint8_t digits[] = "123456789";
static uint8_t noise[LENGTH];

static void make_noise(void)
{
    uint32_t state = 2017;

    for (size_t i = 0; i < LENGTH; i++) {
        state = state * 1664525u + 1013904223u;
        noise[i] = (uint8_t)(state >> 24);
    }
}

/* The definition of a reflected CRC, bit by bit. */
static uint32_t by_bits(uint32_t crc, uint32_t polynomial, const uint8_t *bytes, size_t length)
{
    for (; length > 0; length--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
    }
    return crc;
}

static void check_values(void)
{
    static const uint8_t zeros[256];

    CHECK_EQUAL(mf_crc16(MF_CRC16_EMPTY, digits, 9), 0x906e);
    CHECK_EQUAL(mf_crc16(MF_CRC16_EMPTY, digits, 0), MF_CRC16_EMPTY);
    CHECK_EQUAL(mf_crc32(MF_CRC32_EMPTY, digits, 9), 0x340bc6d9);
    CHECK_EQUAL(mf_crc32(MF_CRC32_EMPTY, zeros, sizeof zeros), 0xf2697aa7);
    CHECK_EQUAL(mf_crc32(MF_CRC32_EMPTY, digits, 0), MF_CRC32_EMPTY);
}

/* Every length passes through the blocks and their rest at another place, every start is another
 * alignment. */
static void check_lengths_and_alignments(void)
{
    for (size_t length = 0; length < 300; length++)
        for (size_t start = 0; start < 8; start++) {
            const uint8_t *bytes = noise + start;

            CHECK_EQUAL(mf_crc32(MF_CRC32_EMPTY, bytes, length),
                        by_bits(0xffffffffu, 0xedb88320u, bytes, length));
            CHECK_EQUAL(mf_crc16(MF_CRC16_EMPTY, bytes, length),
                        by_bits(0xffffu, 0x8408u, bytes, length) ^ 0xffffu);
        }
}

static void check_splits(void)
{
    uint32_t whole32 = mf_crc32(MF_CRC32_EMPTY, noise, LENGTH);
    uint16_t whole16 = mf_crc16(MF_CRC16_EMPTY, noise, LENGTH);

    for (size_t at = 0; at <= LENGTH; at++) {
        uint32_t first32 = mf_crc32(MF_CRC32_EMPTY, noise, at);
        uint16_t first16 = mf_crc16(MF_CRC16_EMPTY, noise, at);

        CHECK_EQUAL(mf_crc32(first32, noise + at, LENGTH - at), whole32);
        CHECK_EQUAL(mf_crc16(first16, noise + at, LENGTH - at), whole16);
    }
}

static void check_combine_and_tail(void)
{
    uint32_t whole = mf_crc32(MF_CRC32_EMPTY, noise, LENGTH);

    for (size_t at = 0; at <= LENGTH; at += 7) {
        uint32_t first = mf_crc32(MF_CRC32_EMPTY, noise, at);
        uint32_t second = mf_crc32(MF_CRC32_EMPTY, noise + at, LENGTH - at);

        CHECK_EQUAL(mf_crc32_combine(first, second, LENGTH - at), whole);
        CHECK_EQUAL(mf_crc32_tail(first, whole, LENGTH - at), second);
    }
}

/* Far too long to sum: A, then 2^40 + 3 bytes in two parts, joined either way round. */
static void check_combine_is_associative(void)
{
    const uint32_t a = 0x12345678, b = 0x9abcdef0, c = 0x340bc6d9;
    const uint64_t length_b = (uint64_t)1 << 40, length_c = 3;
    uint32_t ab = mf_crc32_combine(a, b, length_b);
    uint32_t bc = mf_crc32_combine(b, c, length_c);

    CHECK_EQUAL(mf_crc32_combine(ab, c, length_c), mf_crc32_combine(a, bc, length_b + length_c));
}

int main(void)
{
    make_noise();
    check_values();
    check_lengths_and_alignments();
    check_splits();
    check_combine_and_tail();
    check_combine_is_associative();
    return check_result();
}
