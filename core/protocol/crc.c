#include "protocol/crc.h"

#include "protocol/octets.h"

#include <stdbool.h>

#define CRC16_POLYNOMIAL 0x8408u
#define CRC32_POLYNOMIAL 0xedb88320u

enum { SLICES = 16 };

/* crc16_table[b]: what byte b does to an empty register. crc32_table[k][b]: the same, followed by
 * k zero bytes, so SLICES bytes are looked up independently of each other and added. */
static uint16_t crc16_table[256];
static uint32_t crc32_table[SLICES][256];
static bool tables_made;

static uint32_t shift_byte(uint32_t value, uint32_t polynomial)
{
    for (int bit = 0; bit < 8; bit++)
        value = value >> 1 ^ (value & 1 ? polynomial : 0);
    return value;
}

static void make_tables(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint32_t value = shift_byte(byte, CRC32_POLYNOMIAL);

        crc16_table[byte] = (uint16_t)shift_byte(byte, CRC16_POLYNOMIAL);
        crc32_table[0][byte] = value;
        for (int slice = 1; slice < SLICES; slice++) {
            value = value >> 8 ^ shift_byte(value & 0xff, CRC32_POLYNOMIAL);
            crc32_table[slice][byte] = value;
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
        value = value >> 8 ^ crc16_table[(value ^ *bytes++) & 0xff];
    return (uint16_t)(value ^ 0xffffu);
}

/* Four bytes that are followed by `after` more of the same step. */
static inline uint32_t look_up(uint32_t word, int after)
{
    return crc32_table[after + 3][word & 0xff] ^ crc32_table[after + 2][word >> 8 & 0xff] ^
           crc32_table[after + 1][word >> 16 & 0xff] ^ crc32_table[after][word >> 24];
}

uint32_t mf_crc32(uint32_t crc, const uint8_t *bytes, size_t length)
{
    if (!tables_made)
        make_tables();
    for (; length >= SLICES; bytes += SLICES, length -= SLICES)
        crc = look_up(crc ^ mf_get_u32le(bytes), 12) ^ look_up(mf_get_u32le(bytes + 4), 8) ^
              look_up(mf_get_u32le(bytes + 8), 4) ^ look_up(mf_get_u32le(bytes + 12), 0);
    while (length-- > 0)
        crc = crc >> 8 ^ crc32_table[0][(crc ^ *bytes++) & 0xff];
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
uint32_t mf_crc32_tail(uint32_t crc_before, uint32_t crc_through, uint64_t length)
{
    return mf_crc32_combine(crc_before, crc_through, length);
}
