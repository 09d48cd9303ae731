// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "check.h"
#include "protocol/nvup.h"
#include "vector.h"

enum { CAPACITY = 1024, MOST = 16 };

static struct mf_nvup nvup;
static struct mf_nvup_entry entries[MOST];
static size_t count;

/* Feeds `first` bytes, then pieces of `step`; keeps the entries. Returns the verdict. */
static bool read_split(const uint8_t *bytes, size_t length, size_t first, size_t step)
{
    size_t end = first;

    mf_nvup_init(&nvup);
    count = 0;
    for (size_t at = 0; at < length; end = at + step < length ? at + step : length)
        while (at < end) {
            bool ready;

            at += mf_nvup_feed(&nvup, bytes + at, end - at, &ready);
            if (ready && count < MOST)
                entries[count++] = nvup.entry;
        }
    return mf_nvup_finish(&nvup);
}

static void check_entry(size_t number, uint64_t offset, enum mf_nvup_kind kind, const char *name,
                        const char *value)
{
    const struct mf_nvup_entry *entry = &entries[number];

    CHECK_EQUAL(entry->offset, offset);
    CHECK_EQUAL(entry->kind, kind);
    CHECK_TEXT(entry->name, name);
    CHECK_EQUAL(entry->value_length, entry->value_kept);
    CHECK_HEX(entry->value, entry->value_kept, value);
}

/* --- real settings ---------------------------------------------------------------------------- */

static void check_golden(void)
{
    CHECK_EQUAL(nvup.version, 1);
    CHECK_EQUAL(nvup.announced, 3);
    CHECK_EQUAL(count, 3);
    check_entry(0, 10, MF_NVUP_VARIABLE, "CARRIERID", "05 00");
    check_entry(1, 42, MF_NVUP_VARIABLE, "PERMITTED_CARRIER_LTE_BC",
                "0a 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
    check_entry(2, 103, MF_NVUP_FILE,
                "/swiconfig/005/items/swinv/item_files/PERMITTED_CARRIER_LTE_BC",
                "0a 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
}

static void check_golden_in_all_splits(void)
{
    uint8_t bytes[CAPACITY];
    size_t length = read_vector("tests/vectors/cwe-nvup-disableb5.txt", bytes, sizeof bytes);
    const uint8_t *payload = bytes + MF_CWE_HEADER;

    CHECK_EQUAL(length, 602);
    length -= MF_CWE_HEADER;
    for (size_t first = 0; first <= length; first++) {
        CHECK(read_split(payload, length, first, length));
        check_golden();
    }
    CHECK(read_split(payload, length, 0, 1));
    check_golden();
}

/* The beginning of a payload with 37 entries, most of them numbered items. */
static void check_items(void)
{
    uint8_t bytes[CAPACITY];
    size_t length =
        read_vector("tests/vectors/cwe-nvup-generic-payload-head.txt", bytes, sizeof bytes);

    CHECK(!read_split(bytes, length, 0, length));
    CHECK_EQUAL(nvup.announced, 37);
    CHECK(count > 8);
    check_entry(1, 42, MF_NVUP_ITEM, "", "03");
    CHECK_EQUAL(entries[1].item, 0x0f0b);
    check_entry(2, 57, MF_NVUP_ITEM, "", "01");
    CHECK_EQUAL(entries[2].item, 0x0370);
}

/* --- made up ones ----------------------------------------------------------------------------- */

static const struct {
    const char *bytes;
    size_t entries;
    bool good;
} payloads[] = {
    {"01 00 00 00 01 00 01 00 00 00", 0, true},
    {"01 00 01 00 01 00 01 00 00 00 08 00 00 00 00 00 00 00", 1, true}, /* nothing in it */
    {"01 00 01 00 01 00 01 00 00 00 0e 00 00 00 00 00 00 00 01 00 00 00 00 00", 1, true},
    {"01 00 01 00 01 00 01 00 00 00 0f 00 00 00 00 00 00 00 01 00 01 00 00 00 08", 1, true},
    {"01 00 01 00 01 00 01 00 00 00 08 00 00 00 00 00 00 00 ff", 1, false}, /* a byte too much */
    {"01 00 02 00 01 00 01 00 00 00 08 00 00 00 00 00 00 00", 1, false},    /* an entry too few */
    {"01 00 01 00 01 00 01 00 00 00 07 00 00 00 00 00 00 00", 0, false}, /* shorter than itself */
    {"01 00 01 00 01 00 01 00 00 00 00 00 00 00 00 00 00 00", 0, false},
    {"01 00 01 00 01 00 01 00 00 00 0b 00 00 00 00 00 00 00 02 00 00", 0, false}, /* half a head */
    {"01 00 01 00 01 00 01 00 00 00 0e 00 00 00 00 00 00 00 02 00 01 00 00 00 ff", 0, false},
    {"01 00 01 00 01 00 01 00 00 00 0e 00 00 00 00 00 00 00 02 00 ff ff ff ff", 0, false},
    {"01 00 01 00 01 00 01 00 00 00 ff ff ff ff 00 00 00 00 02 00 ff ff ff ff", 0, false},
    {"01 00 01 00", 0, false},
    {"", 0, false},
};

static void check_payloads(void)
{
    for (size_t row = 0; row < sizeof payloads / sizeof *payloads; row++) {
        uint8_t bytes[64];
        size_t length = hex_bytes(bytes, sizeof bytes, payloads[row].bytes);

        for (size_t first = 0; first <= length; first++) {
            CHECK_EQUAL(read_split(bytes, length, first, 1), payloads[row].good);
            CHECK_EQUAL(count, payloads[row].entries);
        }
    }
}

static size_t put_u32le(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
    return 4;
}

/* A payload of one file whose content is `value`. Returns its length. */
static size_t wrap(uint8_t *out, const uint8_t *value, size_t length)
{
    static const uint8_t start[] = {1, 0, 1, 0, 1, 0, 1, 0, 0, 0};
    static const uint8_t name[] = {3, 0, 1, 0, 1, 0, 4, 0, 0, 0, 1, '/', 'a', 0x1b};
    size_t at = sizeof start;

    memcpy(out, start, sizeof start);
    at += put_u32le(out + at, 8 + 10 + 6 + length);
    memcpy(out + at, name, sizeof name);
    at += sizeof name;
    out[at++] = 2;
    out[at++] = 0;
    at += put_u32le(out + at, length);
    memcpy(out + at, value, length);
    return at + length;
}

static bool read_wrapped(const uint8_t *value, size_t length)
{
    uint8_t payload[2 * CAPACITY];
    size_t payload_length = wrap(payload, value, length);

    return read_split(payload, payload_length, 0, 100);
}

static void check_embedded(void)
{
    uint8_t object[CAPACITY];
    size_t length = read_vector("tests/vectors/cwe-nvup-disableb5.txt", object, sizeof object);

    CHECK(read_wrapped(object, length));
    CHECK_EQUAL(count, 1);
    CHECK_TEXT(entries[0].name, "/a?");
    CHECK(entries[0].embedded);
    CHECK_TEXT(entries[0].header.type, "NVUP");
    CHECK_EQUAL(entries[0].header.image_size, 202);
    CHECK_EQUAL(entries[0].value_length, length);
    CHECK_EQUAL(entries[0].value_kept, MF_NVUP_VALUE);

    CHECK(read_wrapped(object, length - 1));
    CHECK(!entries[0].embedded); /* larger than the value around it */
    object[0] ^= 1;
    CHECK(read_wrapped(object, length));
    CHECK(!entries[0].embedded); /* its header is damaged */
}

static void check_long_name(void)
{
    uint8_t payload[CAPACITY] = {1, 0, 1, 0, 1, 0, 1};
    size_t length = 10, name = 300;

    length += put_u32le(payload + length, 8 + 6 + name);
    length += put_u32le(payload + length, 0);
    payload[length] = 1;
    length += 2;
    length += put_u32le(payload + length, name);
    memset(payload + length, 'x', name);
    payload[length] = 8;
    CHECK(read_split(payload, length + name, 0, 7));
    CHECK_EQUAL(strlen(entries[0].name), MF_NVUP_NAME);
}

int main(void)
{
    check_golden_in_all_splits();
    check_items();
    check_payloads();
    check_embedded();
    check_long_name();
    return check_result();
}
