// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Speed of verifying a 64 MiB image, six records deep, in the pieces a source gives, beside zlib's
 * crc32 over the same bytes: best of several runs in turns. Prints MiB/s and the ratio. */
#include "protocol/cwe.h"

#include "protocol/crc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { MEBIBYTE = 1 << 20, LENGTH = 64 * MEBIBYTE, PIECE = 1 << 16, RUNS = 9, DEPTH = 6 };

static void put_u32be(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Records in records, each filling the one around it; noise in the innermost. */
static void make_image(uint8_t *bytes)
{
    uint32_t state = 1;

    memset(bytes, 0, DEPTH * MF_CWE_HEADER);
    for (size_t i = DEPTH * MF_CWE_HEADER; i < LENGTH; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    for (int depth = DEPTH - 1; depth >= 0; depth--) {
        uint8_t *head = bytes + depth * MF_CWE_HEADER, *data = head + MF_CWE_HEADER;
        size_t size = LENGTH - (size_t)(data - bytes);

        put_u32be(head + 0x100, mf_crc32(MF_CRC32_EMPTY, head, MF_CWE_CRC_SPAN));
        put_u32be(head + 0x104, 3);
        memcpy(head + 0x108, "GOODSPKG9X30", 12);
        put_u32be(head + 0x114, (uint32_t)size);
        put_u32be(head + 0x118, mf_crc32(MF_CRC32_EMPTY, data, size));
    }
}

static int verify(const uint8_t *bytes)
{
    static struct mf_cwe cwe;

    mf_cwe_init(&cwe);
    for (size_t at = 0; at < LENGTH; at += PIECE)
        mf_cwe_feed(&cwe, bytes + at, PIECE);
    return mf_cwe_finish(&cwe) && cwe.record_count == DEPTH;
}

static int sum(const uint8_t *bytes)
{
    uLong crc = 0;

    for (size_t at = 0; at < LENGTH; at += PIECE)
        crc = crc32(crc, bytes + at, PIECE);
    return crc != 0;
}

static double rate_of(int (*run)(const uint8_t *), const uint8_t *bytes)
{
    struct timespec start, end;

    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!run(bytes))
        exit(1);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return LENGTH / (double)MEBIBYTE /
           ((double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
}

int main(void)
{
    uint8_t *bytes = malloc(LENGTH);
    double ours = 0, theirs = 0;

    if (bytes == NULL)
        return 1;
    make_image(bytes);
    for (int run = 0; run < RUNS; run++) {
        double one = rate_of(verify, bytes), other = rate_of(sum, bytes);

        ours = one > ours ? one : ours;
        theirs = other > theirs ? other : theirs;
    }
    free(bytes);
    printf("verify %.0f MiB/s, zlib %s crc32 %.0f MiB/s: %.2f of it\n", ours, zlibVersion(), theirs,
           ours / theirs);
    return 0;
}
