// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The two checksums: CRC-16/X-25 of QDL frames and write headers, CRC-32/JAMCRC of CWE images
 * (reference: QDL framing; CWE container). Incremental, reflected, independent of the host's byte
 * order. */
#ifndef MF_PROTOCOL_CRC_H
#define MF_PROTOCOL_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-16/X-25: poly 0x1021 reflected, init 0xffff, xorout 0xffff. "123456789" gives 0x906e.
 * `crc` is the value over the bytes before (MF_CRC16_EMPTY at the start); returns the value with
 * these bytes added. */
#define MF_CRC16_EMPTY 0x0000u
uint16_t mf_crc16(uint16_t crc, const uint8_t *bytes, size_t length);

/* CRC-32/JAMCRC: poly 0x04c11db7 reflected, init 0xffffffff, no final xor. "123456789" gives
 * 0x340bc6d9, 256 zero bytes 0xf2697aa7. Same convention as mf_crc16. */
#define MF_CRC32_EMPTY 0xffffffffu
uint32_t mf_crc32(uint32_t crc, const uint8_t *bytes, size_t length);

/* The CRC-32 of A followed by B, from the CRC of each alone and the length of B in bytes. */
uint32_t mf_crc32_combine(uint32_t crc_a, uint32_t crc_b, uint64_t length_b);

/* The CRC-32 of the last `length` bytes alone, from the CRC of all bytes before them and the CRC of
 * all bytes including them. So one running CRC serves records nested to any depth. */
uint32_t mf_crc32_tail(uint32_t before, uint32_t through, uint64_t length);

#endif
