// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Checks for C tests: each failing one is printed with its place and counted; a test's main ends
 * with `return check_result();`. */
#ifndef MF_TESTS_CHECK_H
#define MF_TESTS_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned check_failures;

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
/* Whole numbers; both are shown in hex when they differ. */
#define CHECK_EQUAL(actual, expected)                                                              \
    check_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), #actual, __FILE__, __LINE__)
/* Bytes against hex text, "7e 2d 9f 0a 7e". */
#define CHECK_HEX(actual, length, expected)                                                        \
    check_hex((actual), (length), (expected), #actual, __FILE__, __LINE__)

static inline void check_that(bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    check_failures++;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
}

static inline void check_equal(uint64_t actual, uint64_t expected, const char *what,
                               const char *file, int line)
{
    if (actual == expected)
        return;
    check_failures++;
    fprintf(stderr, "%s:%d: %s is %#" PRIx64 ", not %#" PRIx64 "\n", file, line, what, actual,
            expected);
}

static inline void check_text(const char *actual, const char *expected, const char *what,
                              const char *file, int line)
{
    if (strcmp(actual, expected) == 0)
        return;
    check_failures++;
    fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", file, line, what, actual, expected);
}

/* Reads hex text with blanks between the bytes; returns their count. */
static inline size_t hex_bytes(uint8_t *out, size_t capacity, const char *text)
{
    size_t length = 0;
    char *end;

    for (; length < capacity; text = end) {
        unsigned long value = strtoul(text, &end, 16);

        if (end == text)
            break;
        out[length++] = (uint8_t)value;
    }
    return length;
}

static inline void check_hex(const uint8_t *actual, size_t length, const char *expected,
                             const char *what, const char *file, int line)
{
    uint8_t bytes[1024];
    size_t expected_length = hex_bytes(bytes, sizeof bytes, expected);

    if (length == expected_length && memcmp(actual, bytes, length) == 0)
        return;
    check_failures++;
    fprintf(stderr, "%s:%d: %s is", file, line, what);
    for (size_t i = 0; i < length; i++)
        fprintf(stderr, " %02x", actual[i]);
    fprintf(stderr, ", not %s\n", expected);
}

static inline int check_result(void)
{
    if (check_failures > 0)
        fprintf(stderr, "%u checks failed\n", check_failures);
    return check_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
