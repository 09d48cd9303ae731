// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Builds CWE images in memory, right by construction; tests then make them wrong. */
#ifndef MF_TESTS_CWE_BUILDER_H
#define MF_TESTS_CWE_BUILDER_H

#include "protocol/crc.h"
#include "protocol/cwe.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CAPACITY = 1 << 17 };

static uint8_t image[CAPACITY];
static size_t image_length;

static inline uint32_t next_random(void)
{
    static uint32_t state = 20260101;

    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

static inline void put_u32(size_t at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        image[at + (size_t)i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline void put_text(size_t at, const char *text)
{
    memcpy(image + at, text, strlen(text));
}

/* Starts a record; its data is what is put until end_record. */
static inline size_t begin_record(const char *type)
{
    size_t at = image_length;

    memset(image + at, 0, MF_CWE_HEADER);
    put_u32(at + 0x100, 0xf2697aa7);
    put_u32(at + 0x104, 3);
    put_text(at + 0x108, "GOOD");
    put_text(at + 0x10c, type);
    put_text(at + 0x110, "9X30");
    put_text(at + 0x11c, "INTERNAL_?_SWI9X30C_02.08.02.00_?_?_?_?");
    put_text(at + 0x170, "01/06/16");
    image_length += MF_CWE_HEADER;
    return at;
}

static inline void end_record(size_t at)
{
    size_t data = at + MF_CWE_HEADER, size = image_length - data;

    put_u32(at + 0x114, (uint32_t)size);
    put_u32(at + 0x118, mf_crc32(MF_CRC32_EMPTY, image + data, size));
}

static inline void put_noise(size_t size)
{
    while (size-- > 0)
        image[image_length++] = (uint8_t)next_random();
}

static inline void put_leaf(const char *type, size_t size)
{
    size_t leaf = begin_record(type);

    put_noise(size);
    end_record(leaf);
}

/* SPKG > BOOT > SBL1; SPKG > MODM; SPKG > FILE > FILE > NVUP. */
static inline void build_package(void)
{
    size_t outer, boot, file, named;

    image_length = 0;
    outer = begin_record("SPKG");
    boot = begin_record("BOOT");
    put_leaf("SBL1", 70);
    end_record(boot);
    put_leaf("MODM", 401);
    file = begin_record("FILE");
    named = begin_record("FILE");
    put_leaf("NVUP", 33);
    end_record(named);
    end_record(file);
    end_record(outer);
}

#endif
