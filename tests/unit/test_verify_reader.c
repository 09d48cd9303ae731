// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* An image that was verified before, and is read once more for sending. Its CRCs are wrong here, so it is seen
 * whether they were computed. */
#include "check.h"
#include "stream/verify_reader.h"

#include <string.h>

enum { SIZE = 1000 };

static struct {
    struct mf_reader reader;
    const char *stamp; /* NULL: there is none now */
    size_t given;
} source;

static ssize_t source_read(struct mf_reader *reader, uint8_t *out, size_t capacity, int timeout_ms)
{
    size_t left = SIZE - source.given;
    size_t count = capacity < left ? capacity : left;

    (void)reader, (void)timeout_ms;
    memset(out, 'x', count);
    source.given += count;
    return (ssize_t)count;
}

static bool source_stamp(struct mf_reader *reader, char out[MF_STAMP])
{
    (void)reader;
    if (source.stamp != NULL)
        snprintf(out, MF_STAMP, "%s", source.stamp);
    return source.stamp != NULL;
}

static void open_source(struct mf_verify_reader *verified, const char *earlier)
{
    source.reader = (struct mf_reader){
        .read = source_read, .stamp = source_stamp, .size = SIZE, .descriptor = -1};
    source.given = 0;
    mf_verify_reader_init(verified, &source.reader, true, NULL);
    mf_verify_reader_trust(verified, earlier);
}

/* Reads to the end; returns the last result, and the number of bytes before it. */
static ssize_t read_all(struct mf_verify_reader *verified, size_t *given)
{
    uint8_t bytes[64];
    ssize_t count;

    *given = 0;
    while ((count = verified->reader.read(&verified->reader, bytes, sizeof bytes, 0)) > 0)
        *given += (size_t)count;
    return count;
}

static void test_an_unchanged_image_is_not_summed_again(void)
{
    struct mf_verify_reader verified;
    size_t given;

    source.stamp = "1";
    open_source(&verified, "1");
    CHECK_EQUAL(read_all(&verified, &given), 0);
    CHECK_EQUAL(given, SIZE);
    CHECK(verified.good);
}

static void test_the_last_byte_of_an_image_that_changes_meanwhile_is_withheld(void)
{
    const char *const later[] = {"2", NULL};

    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        struct mf_verify_reader verified;
        size_t given;

        source.stamp = "1";
        open_source(&verified, "1");
        source.stamp = later[i];
        CHECK(read_all(&verified, &given) == MF_STREAM_REJECTED);
        CHECK_EQUAL(given, SIZE - 1);
    }
}

static void test_a_changed_image_is_summed(void)
{
    const char *const now[] = {"2", NULL};

    for (size_t i = 0; i < sizeof now / sizeof *now; i++) {
        struct mf_verify_reader verified;
        size_t given;

        source.stamp = now[i];
        open_source(&verified, "1");
        CHECK(read_all(&verified, &given) == MF_STREAM_REJECTED);
        CHECK(given < SIZE);
    }
}

static void test_a_source_without_stamps_is_summed(void)
{
    struct mf_verify_reader verified;
    size_t given;

    open_source(&verified, "1");
    source.reader.stamp = NULL;
    mf_verify_reader_trust(&verified, "1");
    CHECK(read_all(&verified, &given) == MF_STREAM_REJECTED);
}

int main(void)
{
    test_an_unchanged_image_is_not_summed_again();
    test_the_last_byte_of_an_image_that_changes_meanwhile_is_withheld();
    test_a_changed_image_is_summed();
    test_a_source_without_stamps_is_summed();
    return check_result();
}
