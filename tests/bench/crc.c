// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Speed of mf_crc32 beside zlib's crc32 and beside one table of bytes: best of several runs in
 * turns over 64 MiB. Prints MiB/s and the two ratios. */
#include "protocol/crc.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

enum { MEBIBYTE = 1 << 20, LENGTH = 64 * MEBIBYTE, RUNS = 9, CONTENDERS = 3 };

static uint32_t byte_table[256];

static uint32_t ours(const uint8_t *bytes, size_t length)
{
    return ~mf_crc32(MF_CRC32_EMPTY, bytes, length);
}

static uint32_t of_zlib(const uint8_t *bytes, size_t length)
{
    return (uint32_t)crc32(0, bytes, (uInt)length);
}

static uint32_t bytewise(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xffffffffu;

    while (length-- > 0)
        crc = crc >> 8 ^ byte_table[(crc ^ *bytes++) & 0xff];
    return ~crc;
}

static const struct contender {
    const char *name;
    uint32_t (*run)(const uint8_t *bytes, size_t length);
} contenders[CONTENDERS] = {{"moonflash", ours}, {"zlib", of_zlib}, {"bytewise", bytewise}};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A byte's table is the CRC register after that byte alone. */
static void make_byte_table(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t value = (uint8_t)byte;

        byte_table[byte] = mf_crc32(0, &value, 1);
    }
}

static uint8_t *make_bytes(void)
{
    uint8_t *bytes = malloc(LENGTH);
    uint32_t state = 1;

    for (size_t i = 0; bytes != NULL && i < LENGTH; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    return bytes;
}

int main(void)
{
    uint8_t *bytes = make_bytes();
    double best[CONTENDERS] = {0};
    uint32_t sums[CONTENDERS];

    if (bytes == NULL)
        return 1;
    make_byte_table();
    for (int run = 0; run < RUNS; run++)
        for (int i = 0; i < CONTENDERS; i++) {
            double start = now(), rate;

            sums[i] = contenders[i].run(bytes, LENGTH);
            rate = LENGTH / (double)MEBIBYTE / (now() - start);
            if (rate > best[i])
                best[i] = rate;
        }
    free(bytes);
    for (int i = 0; i < CONTENDERS; i++)
        printf("%-10s %7.0f MiB/s\n", contenders[i].name, best[i]);
    printf("moonflash is %.2f of zlib %s, %.2f of bytewise\n", best[0] / best[1], zlibVersion(),
           best[0] / best[2]);
    return sums[0] == sums[1] && sums[0] == sums[2] ? 0 : 1;
}
