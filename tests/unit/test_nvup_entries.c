// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The entries of NVUP records in an image that passes through the verifier, in any split. */
#include "check.h"
#include "cwe_builder.h"
#include "protocol/nvup_entries.h"

enum { MOST = 16 };

static struct found {
    enum mf_nvup_found what;
    unsigned record;
    uint64_t offset;
    char name[8];
} found[MOST];
static unsigned count;

static void keep(const struct mf_nvup_entries *entries, enum mf_nvup_found what)
{
    const struct mf_nvup *nvup = &entries->nvup;
    bool whole = what == MF_NVUP_ENTRY;

    CHECK(count < MOST);
    found[count] =
        (struct found){.what = what,
                       .record = entries->record,
                       .offset = entries->start + (whole ? nvup->entry.offset : nvup->position)};
    if (whole)
        memcpy(found[count].name, nvup->entry.name, sizeof found[count].name - 1);
    count++;
}

static void read_image(size_t first, size_t step)
{
    static struct mf_nvup_entries entries;
    static struct mf_cwe cwe;
    size_t at = 0, length = first;

    mf_cwe_init(&cwe);
    mf_nvup_entries_init(&entries);
    count = 0;
    for (; at < image_length; at += length, length = step) {
        enum mf_nvup_found what;

        if (length > image_length - at)
            length = image_length - at;
        mf_cwe_feed(&cwe, image + at, length);
        mf_nvup_entries_feed(&entries, &cwe, image + at, length);
        while ((what = mf_nvup_entries_next(&entries)) != MF_NVUP_NO_ENTRY)
            keep(&entries, what);
    }
}

/* --- images ------------------------------------------------------------------------------------ */

static void put(const char *hex)
{
    image_length += hex_bytes(image + image_length, CAPACITY - image_length, hex);
}

/* version 1 and the count; what is unknown is 0 */
static void put_list(const char *number_of_entries)
{
    put("01 00");
    put(number_of_entries);
    put("00 00 00 00 00 00");
}

/* An entry with a name of two letters and the value 05: 24 bytes. */
static void put_entry(const char *letters)
{
    put("18 00 00 00 00 00 00 00 01 00 03 00 00 00 02");
    put(letters);
    put("02 00 01 00 00 00 05");
}

/* SPKG (record 0) > NVUP (1) with A and B, FILE (2) > NVUP (3) with C. */
static void build_settings(void)
{
    size_t outer, settings, file;

    image_length = 0;
    outer = begin_record("SPKG");
    settings = begin_record("NVUP");
    put_list("02 00");
    put_entry("41 31");
    put_entry("42 32");
    end_record(settings);
    file = begin_record("FILE");
    settings = begin_record("NVUP");
    put_list("01 00");
    put_entry("43 33");
    end_record(settings);
    end_record(file);
    end_record(outer);
}

/* --- tests ------------------------------------------------------------------------------------- */

static void check_found(unsigned number, unsigned record, uint64_t offset, const char *name)
{
    CHECK_EQUAL(found[number].what, MF_NVUP_ENTRY);
    CHECK_EQUAL(found[number].record, record);
    CHECK_EQUAL(found[number].offset, offset);
    CHECK_TEXT(found[number].name, name);
}

static void check_settings(void)
{
    CHECK_EQUAL(count, 3);
    check_found(0, 1, 2 * MF_CWE_HEADER + 10, "A1");
    check_found(1, 1, 2 * MF_CWE_HEADER + 34, "B2");
    check_found(2, 3, 4 * MF_CWE_HEADER + 58 + 10, "C3");
}

static void test_entries_of_all_records_in_every_split(void)
{
    build_settings();
    for (size_t first = 1; first <= image_length; first++) {
        read_image(first, image_length);
        check_settings();
    }
    for (size_t step = 1; step <= 100; step++) {
        read_image(step, step);
        check_settings();
    }
}

static void test_an_image_without_settings(void)
{
    build_package();
    read_image(100, 100);
    CHECK_EQUAL(count, 1); /* its NVUP holds noise */
    CHECK_EQUAL(found[0].what, MF_NVUP_BROKEN_ENTRY);
}

/* The list announces more entries than there are. */
static void test_settings_that_end_too_early(void)
{
    build_settings();
    image[2 * MF_CWE_HEADER + 2] = 3;
    for (size_t step = 1; step <= 100; step++) {
        read_image(step, step);
        CHECK_EQUAL(count, 4);
        check_found(1, 1, 2 * MF_CWE_HEADER + 34, "B2");
        CHECK_EQUAL(found[2].what, MF_NVUP_BROKEN_ENTRY);
        CHECK_EQUAL(found[2].record, 1);
        CHECK_EQUAL(found[2].offset, 2 * MF_CWE_HEADER + 58);
        CHECK_EQUAL(found[3].record, 3);
    }
}

int main(void)
{
    test_entries_of_all_records_in_every_split();
    test_an_image_without_settings();
    test_settings_that_end_too_early();
    return check_result();
}
