// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "bind/nvup_entries.h"

#include "bind/bind.h"

enum { SHOWN = 64 };

static void set_image(lua_State *L, const struct mf_cwe_header *header)
{
    lua_newtable(L);
    mf_set_text(L, "type", header->type);
    mf_set_text(L, "product", header->product);
    mf_set_text(L, "version", header->version);
    mf_set_text(L, "date", header->date);
    mf_set_whole(L, "size", header->image_size);
    lua_setfield(L, -2, "image");
}

static void push_place(lua_State *L, const struct mf_nvup_entries *entries, const char *kind,
                       uint64_t offset)
{
    lua_newtable(L);
    mf_set_text(L, "kind", kind);
    mf_set_whole(L, "record", entries->record + 1);
    mf_set_whole(L, "offset", entries->start + offset);
}

static void push_entry(lua_State *L, const struct mf_nvup_entries *entries)
{
    static const char *const kinds[] = {[MF_NVUP_NOTHING] = "nothing",
                                        [MF_NVUP_FILE] = "file",
                                        [MF_NVUP_VARIABLE] = "variable",
                                        [MF_NVUP_ITEM] = "item",
                                        [MF_NVUP_OTHER] = "other"};
    const struct mf_nvup_entry *entry = &entries->nvup.entry;
    uint32_t shown = entry->value_kept < SHOWN ? entry->value_kept : SHOWN;

    push_place(L, entries, kinds[entry->kind], entry->offset);
    mf_set_whole(L, "size", entry->value_length);
    if (entry->name[0] != '\0')
        mf_set_text(L, "name", entry->name);
    if (entry->kind == MF_NVUP_ITEM)
        mf_set_whole(L, "item", entry->item);
    lua_pushlstring(L, (const char *)entry->value, shown);
    lua_setfield(L, -2, "value");
    if (entry->embedded)
        set_image(L, &entry->header);
}

void mf_report_nvup_entries(lua_State *L, int function, struct mf_nvup_entries *entries)
{
    enum mf_nvup_found found;

    while ((found = mf_nvup_entries_next(entries)) != MF_NVUP_NO_ENTRY) {
        lua_pushvalue(L, function);
        if (found == MF_NVUP_ENTRY)
            push_entry(L, entries);
        else
            push_place(L, entries, "broken", entries->nvup.position);
        lua_call(L, 1, 0);
    }
}
