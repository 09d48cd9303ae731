// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "protocol/nvup.h"

#include "protocol/endian.h"

#include <string.h>

/* The part that the current position is in. */
enum phase { PAYLOAD_HEAD, ENTRY_HEAD, FIELD_HEAD, NAME_KIND, NAME, VALUE };

/* Bytes of the heads. The first byte of a name is a head of its own. */
static const uint8_t head_size[] = {
    [PAYLOAD_HEAD] = 10, [ENTRY_HEAD] = 8, [FIELD_HEAD] = 6, [NAME_KIND] = 1};

enum { TYPE_NAME = 1, TYPE_VALUE = 2 };
enum { NAME_FILE = 0, NAME_OTHER_FILE = 1, NAME_VARIABLE = 8 };

void mf_nvup_init(struct mf_nvup *nvup)
{
    memset(nvup, 0, sizeof *nvup);
}

static void begin(struct mf_nvup *nvup, enum phase phase)
{
    nvup->phase = (uint8_t)phase;
    nvup->head_length = 0;
}

static void fail(struct mf_nvup *nvup)
{
    nvup->state = MF_NVUP_BROKEN;
}

/* --- between entries and fields -------------------------------------------------------------- */

static void next_entry(struct mf_nvup *nvup)
{
    if (nvup->count == nvup->announced)
        nvup->state = MF_NVUP_ENDED;
    else
        begin(nvup, ENTRY_HEAD);
}

static bool end_entry(struct mf_nvup *nvup)
{
    struct mf_nvup_entry *entry = &nvup->entry;

    entry->embedded = entry->value_kept == MF_CWE_HEADER &&
                      mf_cwe_parse(&entry->header, entry->value) &&
                      entry->header.image_size <= entry->value_length - MF_CWE_HEADER;
    nvup->count++;
    next_entry(nvup);
    return true;
}

/* Returns whether the entry ended with the field. */
static bool end_field(struct mf_nvup *nvup)
{
    uint64_t left = nvup->entry_end - nvup->position;

    if (left == 0)
        return end_entry(nvup);
    if (left < head_size[FIELD_HEAD])
        fail(nvup);
    else
        begin(nvup, FIELD_HEAD);
    return false;
}

/* --- heads ----------------------------------------------------------------------------------- */

static bool take_payload_head(struct mf_nvup *nvup)
{
    nvup->version = mf_get_u16le(nvup->head);
    nvup->announced = mf_get_u16le(nvup->head + 2);
    next_entry(nvup);
    return false;
}

static bool take_entry_head(struct mf_nvup *nvup)
{
    uint32_t length = mf_get_u32le(nvup->head);
    uint64_t offset = nvup->position - head_size[ENTRY_HEAD];

    memset(&nvup->entry, 0, sizeof nvup->entry);
    nvup->entry.offset = offset;
    nvup->entry_end = offset + length;
    if (length < head_size[ENTRY_HEAD]) {
        fail(nvup);
        return false;
    }
    return end_field(nvup);
}

static void begin_value(struct mf_nvup *nvup, uint16_t type, uint32_t length)
{
    struct mf_nvup_entry *entry = &nvup->entry;

    if (type != TYPE_VALUE && entry->kind == MF_NVUP_NOTHING) {
        entry->kind = MF_NVUP_ITEM;
        entry->item = type;
    }
    entry->value_offset = nvup->position;
    entry->value_length = length;
    entry->value_kept = 0;
    begin(nvup, VALUE);
}

static bool take_field_head(struct mf_nvup *nvup)
{
    uint16_t type = mf_get_u16le(nvup->head);
    uint32_t length = mf_get_u32le(nvup->head + 2);

    if (length > nvup->entry_end - nvup->position) {
        fail(nvup);
        return false;
    }
    nvup->field_end = nvup->position + length;
    if (type != TYPE_NAME)
        begin_value(nvup, type, length);
    else if (length > 0)
        begin(nvup, NAME_KIND);
    return length == 0 && end_field(nvup);
}

static enum mf_nvup_kind kind_of(uint8_t name_kind)
{
    switch (name_kind) {
    case NAME_VARIABLE:
        return MF_NVUP_VARIABLE;
    case NAME_FILE:
    case NAME_OTHER_FILE:
        return MF_NVUP_FILE;
    default:
        return MF_NVUP_OTHER;
    }
}

static bool take_name_kind(struct mf_nvup *nvup)
{
    nvup->entry.kind = kind_of(nvup->head[0]);
    memset(nvup->entry.name, 0, sizeof nvup->entry.name);
    nvup->name_length = 0;
    begin(nvup, NAME);
    return nvup->position == nvup->field_end && end_field(nvup);
}

static size_t least(uint64_t room, size_t length)
{
    return room < length ? (size_t)room : length;
}

static size_t take_head(struct mf_nvup *nvup, const uint8_t *bytes, size_t length, bool *ready)
{
    static bool (*const takers[])(struct mf_nvup *) = {[PAYLOAD_HEAD] = take_payload_head,
                                                       [ENTRY_HEAD] = take_entry_head,
                                                       [FIELD_HEAD] = take_field_head,
                                                       [NAME_KIND] = take_name_kind};
    uint8_t size = head_size[nvup->phase];

    length = least((uint64_t)(size - nvup->head_length), length);
    memcpy(nvup->head + nvup->head_length, bytes, length);
    nvup->head_length = (uint8_t)(nvup->head_length + length);
    nvup->position += length;
    if (nvup->head_length == size)
        *ready = takers[nvup->phase](nvup);
    return length;
}

/* --- names and values ------------------------------------------------------------------------ */

static void keep_name(struct mf_nvup *nvup, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length && nvup->name_length < MF_NVUP_NAME; i++) {
        bool printable = bytes[i] >= ' ' && bytes[i] <= '~';

        nvup->entry.name[nvup->name_length++] = (char)(printable ? bytes[i] : '?');
    }
}

static void keep_value(struct mf_nvup_entry *entry, const uint8_t *bytes, size_t length)
{
    size_t kept = least(MF_NVUP_VALUE - entry->value_kept, length);

    memcpy(entry->value + entry->value_kept, bytes, kept);
    entry->value_kept += (uint32_t)kept;
}

static size_t take_field(struct mf_nvup *nvup, const uint8_t *bytes, size_t length, bool *ready)
{
    length = least(nvup->field_end - nvup->position, length);
    if (nvup->phase == NAME)
        keep_name(nvup, bytes, length);
    else
        keep_value(&nvup->entry, bytes, length);
    nvup->position += length;
    if (nvup->position == nvup->field_end)
        *ready = end_field(nvup);
    return length;
}

/* --- the payload ----------------------------------------------------------------------------- */

size_t mf_nvup_feed(struct mf_nvup *nvup, const uint8_t *bytes, size_t length, bool *ready)
{
    size_t used = 0;

    *ready = false;
    while (used < length && !*ready && nvup->state == MF_NVUP_GOING) {
        if (nvup->phase <= NAME_KIND)
            used += take_head(nvup, bytes + used, length - used, ready);
        else
            used += take_field(nvup, bytes + used, length - used, ready);
    }
    if (*ready || nvup->state == MF_NVUP_GOING)
        return used;
    if (nvup->state == MF_NVUP_ENDED && used < length)
        fail(nvup);
    return length;
}

bool mf_nvup_finish(struct mf_nvup *nvup)
{
    if (nvup->state == MF_NVUP_GOING)
        fail(nvup);
    return nvup->state == MF_NVUP_ENDED;
}
