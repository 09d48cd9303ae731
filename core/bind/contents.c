#include "bind/contents.h"

#include "bind/bind.h"

#include <string.h>

enum { VALUE_SHOWN = 64 };

/* --- an entry as a table --------------------------------------------------------------------- */

static void set_text(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, uint64_t value)
{
    mf_push_whole(L, value);
    lua_setfield(L, -2, name);
}

static void set_image(lua_State *L, const struct mf_cwe_header *header)
{
    lua_newtable(L);
    set_text(L, "type", header->type);
    set_text(L, "product", header->product);
    set_text(L, "version", header->version);
    set_text(L, "date", header->date);
    set_number(L, "size", header->image_size);
    lua_setfield(L, -2, "image");
}

static void push_place(lua_State *L, const struct mf_contents *contents, const char *kind,
                       uint64_t offset)
{
    lua_newtable(L);
    set_text(L, "kind", kind);
    set_number(L, "record", contents->record + 1);
    set_number(L, "offset", contents->start + offset);
}

static void tell_entry(lua_State *L, int function, const struct mf_contents *contents)
{
    static const char *const kinds[] = {"nothing", "file", "variable", "item", "other"};
    const struct mf_nvup_entry *entry = &contents->nvup.entry;
    uint32_t shown = entry->value_kept < VALUE_SHOWN ? entry->value_kept : VALUE_SHOWN;

    lua_pushvalue(L, function);
    push_place(L, contents, kinds[entry->kind], entry->offset);
    set_number(L, "size", entry->value_length);
    if (entry->name[0] != '\0')
        set_text(L, "name", entry->name);
    if (entry->kind == MF_NVUP_ITEM)
        set_number(L, "item", entry->item);
    lua_pushlstring(L, (const char *)entry->value, shown);
    lua_setfield(L, -2, "value");
    if (entry->embedded)
        set_image(L, &entry->header);
    lua_call(L, 1, 0);
}

static void tell_broken(lua_State *L, int function, const struct mf_contents *contents)
{
    lua_pushvalue(L, function);
    push_place(L, contents, "broken", contents->nvup.position);
    lua_call(L, 1, 0);
}

/* --- finding them ---------------------------------------------------------------------------- */

/* Goes on to the next record of settings, which is not inside the one before. */
static bool find_record(struct mf_contents *contents, const struct mf_cwe *cwe)
{
    while (!contents->reading && contents->next < cwe->record_count) {
        const struct mf_cwe_record *record = &cwe->records[contents->next];
        uint64_t start = record->offset + MF_CWE_HEADER;

        contents->record = contents->next++;
        if (strcmp(record->header.type, "NVUP") != 0 || start < contents->end)
            continue;
        contents->start = start;
        contents->end = start + record->header.image_size;
        contents->reading = true;
        mf_nvup_init(&contents->nvup);
    }
    return contents->reading;
}

static void read_entries(lua_State *L, int function, struct mf_contents *contents,
                         const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        bool ready;
        size_t used = mf_nvup_feed(&contents->nvup, bytes, length, &ready);

        if (ready)
            tell_entry(L, function, contents);
        bytes += used;
        length -= used;
    }
}

void mf_contents_look(lua_State *L, int function, struct mf_contents *contents,
                      const struct mf_cwe *cwe, const uint8_t *bytes, size_t length)
{
    uint64_t last = cwe->position, first = last - length;

    while (find_record(contents, cwe) && contents->start < last) {
        uint64_t from = contents->start > first ? contents->start : first;
        uint64_t to = contents->end < last ? contents->end : last;

        read_entries(L, function, contents, bytes + (from - first), (size_t)(to - from));
        if (to < contents->end)
            break;
        contents->reading = false;
        if (!mf_nvup_finish(&contents->nvup))
            tell_broken(L, function, contents);
    }
}
