#include "protocol/crc.h"

#include "protocol/endian.h"

#include <stdbool.h>

#define CRC16_POLYNOMIAL 0x8408u
#define CRC32_POLYNOMIAL 0xedb88320u

enum { WORD = 8, LANES = 5, BLOCK = LANES * WORD };

/* What a byte does to an empty register: at once (the byte tables), or as byte i of a word, at the
 * end of that word (near) or where the word of the next block begins (far). */
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

/* Byte i of a word is followed by WORD - 1 - i more. */
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
    tables_made = true;
}

uint16_t mf_crc16(uint16_t crc, const uint8_t *bytes, size_t length)
{
    unsigned value = crc ^ 0xffffu;

    if (!tables_made)
        make_tables();
    while (length-- > 0)
        value = value >> 8 ^ crc16_byte[(value ^ *bytes++) & 0xff];
    return (uint16_t)(value ^ 0xffffu);
}

static inline uint64_t get_u64le(const uint8_t *at)
{
    return mf_get_u32le(at) | (uint64_t)mf_get_u32le(at + 4) << 32;
}

/* Unrolling is asked for where it decides the speed: -O2 does not do it by itself. */

/* What a word that the register was added to leaves in the register. */
static inline uint32_t look_up(uint32_t table[WORD][256], uint64_t word)
{
    uint32_t crc = 0;

#pragma GCC unroll 8
    for (int i = 0; i < WORD; i++)
        crc ^= table[i][word >> 8 * i & 0xff];
    return crc;
}

/* LANES registers run side by side, each over every LANES-th word, so that the processor need not
 * wait for one look-up before it begins the next. The last block joins them. */
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

    if (!tables_made)
        make_tables();
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

/* B's bytes act alike on any register, so starting from A's instead of an empty one adds what
 * their difference becomes when as many zeros follow. */
uint32_t mf_crc32_combine(uint32_t crc_a, uint32_t crc_b, uint64_t length_b)
{
    return crc_b ^ append_zeros(crc_a ^ MF_CRC32_EMPTY, length_b);
}

/* Addition is its own inverse, so what combines also separates. */
uint32_t mf_crc32_tail(uint32_t before, uint32_t through, uint64_t length)
{
    return mf_crc32_combine(before, through, length);
}
