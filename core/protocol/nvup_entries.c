// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/nvup_entries.h"

#include <string.h>

void mf_nvup_entries_init(struct mf_nvup_entries *entries)
{
    memset(entries, 0, sizeof *entries);
}

void mf_nvup_entries_feed(struct mf_nvup_entries *entries, const struct mf_cwe *cwe,
                          const uint8_t *bytes, size_t length)
{
    entries->cwe = cwe;
    entries->bytes = bytes;
    entries->first = cwe->position - length;
    entries->last = cwe->position;
}

/* Goes on to the next NVUP record that is not inside the one before. Returns whether there is one. */
static bool find_record(struct mf_nvup_entries *entries)
{
    const struct mf_cwe *cwe = entries->cwe;

    while (!entries->reading && entries->next_record < cwe->record_count) {
        const struct mf_cwe_record *record = &cwe->records[entries->next_record];
        uint64_t start = record->offset + MF_CWE_HEADER;

        entries->next_record++;
        if (strcmp(record->header.type, "NVUP") != 0 || start < entries->end)
            continue;
        entries->record = entries->next_record - 1;
        entries->start = start;
        entries->end = start + record->header.image_size;
        entries->reading = true;
        mf_nvup_init(&entries->nvup);
    }
    return entries->reading;
}

static void use_bytes_until(struct mf_nvup_entries *entries, uint64_t position)
{
    if (position <= entries->first)
        return;
    entries->bytes += position - entries->first;
    entries->first = position;
}

/* Reads the record's data as far as it is there. Returns whether an entry is complete. */
static bool read_entry(struct mf_nvup_entries *entries)
{
    uint64_t last = entries->end < entries->last ? entries->end : entries->last;
    bool ready = false;

    use_bytes_until(entries, entries->start);
    while (!ready && entries->first < last) {
        size_t left = (size_t)(last - entries->first);
        size_t used = mf_nvup_feed(&entries->nvup, entries->bytes, left, &ready);

        use_bytes_until(entries, entries->first + used);
    }
    return ready;
}

enum mf_nvup_found mf_nvup_entries_next(struct mf_nvup_entries *entries)
{
    while (find_record(entries) && entries->start < entries->last) {
        if (read_entry(entries))
            return MF_NVUP_ENTRY;
        if (entries->first < entries->end)
            break;
        entries->reading = false;
        if (!mf_nvup_finish(&entries->nvup))
            return MF_NVUP_BROKEN_ENTRY;
    }
    return MF_NVUP_NO_ENTRY;
}
