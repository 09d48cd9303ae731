// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* Invariant: in whatever pieces a payload comes, the same entries come out of it; each lies behind
 * the one before and inside the payload, its value inside it; what is kept of it are its bytes. */
#include "protocol/nvup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

enum { MOST_ENTRIES = 4096 };

static struct seen {
    uint64_t offset, value_offset;
    uint32_t value_length, sum;
} seen[MOST_ENTRIES];

static void require(bool holds)
{
    if (!holds)
        abort();
}

static uint32_t sum_of(const struct mf_nvup_entry *entry)
{
    uint32_t sum = (uint32_t)entry->kind * 31u + entry->item;

    for (size_t i = 0; i < sizeof entry->name; i++)
        sum = sum * 33u + (uint8_t)entry->name[i];
    return sum * 2u + entry->embedded;
}

static void check_entry(const struct mf_nvup_entry *entry, const uint8_t *bytes, size_t length)
{
    require(entry->offset >= 10 && entry->offset + 8 <= length);
    require(memchr(entry->name, '\0', sizeof entry->name) != NULL);
    require(entry->value_kept <= entry->value_length && entry->value_kept <= MF_NVUP_VALUE);
    if (entry->value_length == 0)
        return;
    require(entry->value_offset > entry->offset);
    require(entry->value_offset + entry->value_length <= length);
    require(memcmp(entry->value, bytes + entry->value_offset, entry->value_kept) == 0);
    require(!entry->embedded ||
            entry->header.image_size + (uint64_t)MF_CWE_HEADER <= entry->value_length);
}

static void keep(uint32_t number, const struct mf_nvup_entry *entry)
{
    seen[number] =
        (struct seen){entry->offset, entry->value_offset, entry->value_length, sum_of(entry)};
}

static void compare(uint32_t number, const struct mf_nvup_entry *entry)
{
    const struct seen *before = &seen[number];

    require(before->offset == entry->offset && before->value_offset == entry->value_offset);
    require(before->value_length == entry->value_length && before->sum == sum_of(entry));
}

static void read_all(struct mf_nvup *nvup, const uint8_t *bytes, size_t length, size_t piece,
                     bool first)
{
    size_t at = 0;
    uint32_t count = 0;

    mf_nvup_init(nvup);
    while (at < length) {
        bool ready;
        size_t room = length - at < piece ? length - at : piece;
        size_t used = mf_nvup_feed(nvup, bytes + at, room, &ready);

        require(used > 0 && used <= room && (ready || used == room));
        at += used;
        if (!ready)
            continue;
        require(nvup->count == ++count);
        check_entry(&nvup->entry, bytes, length);
        if (count > MOST_ENTRIES)
            continue;
        if (first)
            keep(count - 1, &nvup->entry);
        else
            compare(count - 1, &nvup->entry);
    }
    require(nvup->count == count && count <= nvup->announced && nvup->position <= length);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    struct mf_nvup whole, split;

    if (length < 1)
        return 0;
    read_all(&whole, input + 1, length - 1, length, true);
    read_all(&split, input + 1, length - 1, 1u + input[0], false);
    require(whole.count == split.count && whole.position == split.position);
    require(mf_nvup_finish(&whole) == mf_nvup_finish(&split));
    return 0;
}
