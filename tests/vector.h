// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Bytes of tests/vectors for C tests, which run in the root of the source tree. */
#ifndef MF_TESTS_VECTOR_H
#define MF_TESTS_VECTOR_H

#include "check.h"

#include <stdio.h>

/* All bytes of a file of hex, end to end; lines that begin with "#" tell the source. */
static inline size_t read_vector(const char *path, uint8_t *out, size_t capacity)
{
    static char text[8192];
    FILE *file = fopen(path, "r");
    size_t length = 0;

    CHECK(file != NULL);
    if (file == NULL)
        return 0;
    while (fgets(text, sizeof text, file) != NULL)
        if (text[0] != '#')
            length += hex_bytes(out + length, capacity - length, text);
    fclose(file);
    return length;
}

#endif
