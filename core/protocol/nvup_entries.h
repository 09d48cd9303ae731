// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* The settings inside an image: finds the NVUP records in the bytes that pass through a verifier
 * (protocol/cwe.h), and reads their entries one after the other.
 *
 *     mf_cwe_feed(&cwe, bytes, length);
 *     mf_nvup_entries_feed(&entries, &cwe, bytes, length);
 *     while (mf_nvup_entries_next(&entries) != MF_NVUP_NO_ENTRY) ...
 */
#ifndef MF_PROTOCOL_NVUP_ENTRIES_H
#define MF_PROTOCOL_NVUP_ENTRIES_H

#include "protocol/nvup.h"

enum mf_nvup_found {
    MF_NVUP_NO_ENTRY,    /* the bytes are used up */
    MF_NVUP_ENTRY,       /* nvup.entry is the next one */
    MF_NVUP_BROKEN_ENTRY /* the record ends and made no sense from nvup.position on */
};

struct mf_nvup_entries {
    struct mf_nvup nvup;
    unsigned record; /* number of the record that the last result is about, from 0 */
    uint64_t start;  /* where its data begins in the file; nvup counts from there */
    /* the reader's own */
    const struct mf_cwe *cwe;
    const uint8_t *bytes;
    uint64_t first, last; /* where `bytes` begin and end in the file */
    uint64_t end;         /* where the record's data ends */
    unsigned next_record; /* the first record that was not looked at */
    bool reading;
};

void mf_nvup_entries_init(struct mf_nvup_entries *entries);
/* The `length` bytes that `cwe` was fed last. They and `cwe` must last until they are used up. */
void mf_nvup_entries_feed(struct mf_nvup_entries *entries, const struct mf_cwe *cwe,
                          const uint8_t *bytes, size_t length);
enum mf_nvup_found mf_nvup_entries_next(struct mf_nvup_entries *entries);

#endif
