// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/crc.h"

#include "protocol/endian.h"

#include <stdbool.h>

#define CRC16_POLYNOMIAL 0x8408u
#define CRC32_POLYNOMIAL 0xedb88320u

enum { WORD = 8, LANES = 5, BLOCK = LANES * WORD };

/* The effect of one byte on a zero register. crc16_byte: of the byte alone. crc32_near and crc32_far:
 * of byte i of a word, at the end of the word (near), or at the same word of the next block (far). */
static uint16_t crc16_byte[256];
static uint32_t crc32_near[WORD][256], crc32_far[WORD][256];
static uint32_t *const crc32_byte = crc32_near[WORD - 1];
static bool tables_made;

static uint32_t shift_byte(uint32_t value, uint32_t polynomial)
{
    for (int bit = 0; bit < 8; bit++)
        value = value >> 1 ^ (value & 1 ? polynomial : 0);
    return value;
}

/* WORD - 1 - i bytes follow byte i of a word. Two threads that come here at once write the same
 * values. */
static void make_tables(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint32_t value = byte;

        crc16_byte[byte] = (uint16_t)shift_byte(byte, CRC16_POLYNOMIAL);
        for (int followers = 0; followers < BLOCK; followers++) {
            value = shift_byte(value, CRC32_POLYNOMIAL);
            if (followers < WORD)
                crc32_near[WORD - 1 - followers][byte] = value;
            if (followers >= BLOCK - WORD)
                crc32_far[BLOCK - 1 - followers][byte] = value;
        }
    }
    __atomic_store_n(&tables_made, true, __ATOMIC_RELEASE);
}

static void need_tables(void)
{
    if (!__atomic_load_n(&tables_made, __ATOMIC_ACQUIRE))
        make_tables();
}

uint16_t mf_crc16(uint16_t crc, const uint8_t *bytes, size_t length)
{
    unsigned value = crc ^ 0xffffu;

    need_tables();
    while (length-- > 0)
        value = value >> 8 ^ crc16_byte[(value ^ *bytes++) & 0xff];
    return (uint16_t)(value ^ 0xffffu);
}

static inline uint64_t get_u64le(const uint8_t *at)
{
    return mf_get_u32le(at) | (uint64_t)mf_get_u32le(at + 4) << 32;
}

/* The loops that decide the speed are unrolled by pragma: -O2 does not do it by itself. */

/* The register after a word to which the register before was added. */
static inline uint32_t look_up(const uint32_t table[WORD][256], uint64_t word)
{
    uint32_t crc = 0;

#pragma GCC unroll 8
    for (int i = 0; i < WORD; i++)
        crc ^= table[i][word >> 8 * i & 0xff];
    return crc;
}

/* LANES registers run side by side, each over every LANES-th word, so that the processor can begin a
 * look-up before the previous one is done. The last block joins them. */
static uint32_t crc32_blocks(uint32_t crc, const uint8_t *bytes, size_t count)
{
    uint32_t lane[LANES] = {crc};

    for (; count > 1; count--, bytes += BLOCK)
#pragma GCC unroll 8
        for (size_t i = 0; i < LANES; i++)
            lane[i] = look_up(crc32_far, lane[i] ^ get_u64le(bytes + i * WORD));
    crc = 0;
    for (size_t i = 0; i < LANES; i++)
        crc = look_up(crc32_near, crc ^ lane[i] ^ get_u64le(bytes + i * WORD));
    return crc;
}

uint32_t mf_crc32(uint32_t crc, const uint8_t *bytes, size_t length)
{
    size_t blocks = length / BLOCK;

    need_tables();
    if (blocks > 0)
        crc = crc32_blocks(crc, bytes, blocks);
    bytes += blocks * BLOCK;
    for (length -= blocks * BLOCK; length > 0; length--)
        crc = crc >> 8 ^ crc32_byte[(crc ^ *bytes++) & 0xff];
    return crc;
}

/* Registers are polynomials with the highest bit as x^0; this is their product modulo the CRC's. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;

    for (; a != 0; a <<= 1) {
        if (a & 0x80000000u)
            product ^= b;
        b = b >> 1 ^ (b & 1 ? CRC32_POLYNOMIAL : 0);
    }
    return product;
}

/* The register after `count` zero bytes: its product with x^(8 count), by repeated squaring. */
static uint32_t append_zeros(uint32_t crc, uint64_t count)
{
    uint32_t power = 0x00800000u; /* x^8 */

    for (; count != 0; count >>= 1) {
        if (count & 1)
            crc = multiply(crc, power);
        power = multiply(power, power);
    }
    return crc;
}

/* The CRC is linear: the difference between two registers before B becomes, after B, that difference
 * followed by length_b zero bytes. */
uint32_t mf_crc32_combine(uint32_t crc_a, uint32_t crc_b, uint64_t length_b)
{
    return crc_b ^ append_zeros(crc_a ^ MF_CRC32_EMPTY, length_b);
}

/* Addition modulo 2 is its own inverse, so the same formula separates the two parts. */
uint32_t mf_crc32_tail(uint32_t before, uint32_t through, uint64_t length)
{
    return mf_crc32_combine(before, through, length);
}
