// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Integers to and from bytes, one byte at a time: independent of the host's byte order and alignment. */
#ifndef MF_PROTOCOL_ENDIAN_H
#define MF_PROTOCOL_ENDIAN_H

#include <stdint.h>

static inline uint16_t mf_get_u16le(const uint8_t *at)
{
    return (uint16_t)(at[0] | (unsigned)at[1] << 8);
}

static inline uint32_t mf_get_u32le(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint32_t mf_get_u32be(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void mf_put_u16le(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void mf_put_u32le(uint8_t *at, uint32_t value)
{
    mf_put_u16le(at, (uint16_t)value);
    mf_put_u16le(at + 2, (uint16_t)(value >> 16));
}

#endif
