// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* NVUP payloads: the settings of a carrier or an OEM as a list of entries, little-endian (reference:
 * CWE container, section 7; the format is not documented, some meanings are guesses).
 *
 *     u16 version, u16 count, u16 ?, u32 ?
 *     each entry: u32 length of it all, u16 ?, u16 ?, then fields: u16 type, u32 length, value
 *         type 1: the name, its first byte telling the kind; type 2: the value;
 *         any other type: an NV item of that number, with its value
 *
 * The payload may come in any split. Only the beginnings of names and values are kept. All memory is
 * the struct's own; safe on any input.
 */
#ifndef MF_PROTOCOL_NVUP_H
#define MF_PROTOCOL_NVUP_H

#include "protocol/cwe.h"

enum {
    MF_NVUP_NAME = 127, /* bytes of a name that are kept */
    MF_NVUP_VALUE =
        MF_CWE_HEADER /* bytes of a value that are kept: enough to recognize a CWE object */
};

enum mf_nvup_kind {
    MF_NVUP_NOTHING,  /* an entry with neither a name nor an item */
    MF_NVUP_FILE,     /* the name is a path */
    MF_NVUP_VARIABLE, /* the name is a variable's */
    MF_NVUP_ITEM,     /* a numbered NV item */
    MF_NVUP_OTHER     /* a name of an unknown kind */
};

struct mf_nvup_entry {
    uint64_t offset; /* in the payload */
    enum mf_nvup_kind kind;
    uint16_t item;               /* the number of MF_NVUP_ITEM */
    char name[MF_NVUP_NAME + 1]; /* bytes that are not printable are shown as '?' */
    uint64_t value_offset;
    uint32_t value_length; /* as stated, and never beyond the entry */
    uint8_t value[MF_NVUP_VALUE];
    uint32_t value_kept; /* bytes of it in `value` */
    bool embedded;       /* the value is a CWE object: the CRC of `header` is right, and it fits */
    struct mf_cwe_header header;
};

enum mf_nvup_state { MF_NVUP_GOING, MF_NVUP_ENDED, MF_NVUP_BROKEN };

struct mf_nvup {
    uint16_t version, announced; /* of the payload's header */
    uint32_t count;              /* entries seen */
    uint64_t position;           /* bytes read, up to the first one that makes no sense */
    enum mf_nvup_state state;
    struct mf_nvup_entry entry; /* valid when mf_nvup_feed sets `ready` */
    /* the reader's own */
    uint64_t entry_end, field_end;
    size_t name_length;
    uint8_t phase, head[10], head_length;
};

void mf_nvup_init(struct mf_nvup *nvup);
/* Reads up to the end of an entry or of the bytes. Returns how many bytes were used, at least one
 * unless `length` is 0, and sets `ready` when `entry` is complete. Bytes after the announced entries,
 * or after bytes that make no sense, are skipped. */
size_t mf_nvup_feed(struct mf_nvup *nvup, const uint8_t *bytes, size_t length, bool *ready);
/* No more bytes will come. Returns whether the payload was whole and made sense. */
bool mf_nvup_finish(struct mf_nvup *nvup);

#endif
