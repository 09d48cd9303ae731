// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "bind/reader.h"

enum { MOST_AT_ONCE = 1 << 26, READ_MS = 30000 };

int mf_fail_reader(lua_State *L, int index, ssize_t result)
{
    const struct mf_reader *reader = mf_check_reader(L, index);

    luaL_callmeta(L, index, "__tostring");
    return mf_fail_source(L, lua_tostring(L, -1), result, reader);
}

/* reader:read(n[, ms]) -> 1 to n bytes | nil at the end | nil, failure */
static int reader_read(lua_State *L)
{
    struct mf_reader *reader = mf_check_reader(L, 1);
    size_t capacity = (size_t)mf_check_whole(L, 2, MOST_AT_ONCE);
    int timeout_ms = lua_isnoneornil(L, 3) ? READ_MS : (int)mf_check_whole(L, 3, INT32_MAX);
    uint8_t *buffer;
    ssize_t count;

    luaL_argcheck(L, capacity > 0, 2, "at least one byte");
    buffer = lua_newuserdata(L, capacity);
    count = reader->read(reader, buffer, capacity, timeout_ms);
    if (count < 0)
        return mf_fail_reader(L, 1, count);
    if (count == 0)
        lua_pushnil(L);
    else
        lua_pushlstring(L, (const char *)buffer, (size_t)count);
    return 1;
}

static int reader_size(lua_State *L)
{
    const struct mf_reader *reader = mf_check_reader(L, 1);

    if (reader->size < 0)
        lua_pushnil(L);
    else
        mf_push_whole(L, (uint64_t)reader->size);
    return 1;
}

/* reader:rewind() -> true | false when it can be read only once | nil, failure */
static int reader_rewind(lua_State *L)
{
    struct mf_reader *reader = mf_check_reader(L, 1);
    int result = reader->rewind != NULL ? reader->rewind(reader) : 0;

    if (result != 0)
        return mf_fail_reader(L, 1, result);
    lua_pushboolean(L, reader->rewind != NULL);
    return 1;
}

/* reader:stamp() -> text | nil */
static int reader_stamp(lua_State *L)
{
    struct mf_reader *reader = mf_check_reader(L, 1);
    char stamp[MF_STAMP];

    if (reader->stamp == NULL || !reader->stamp(reader, stamp))
        lua_pushnil(L);
    else
        lua_pushstring(L, stamp);
    return 1;
}

void mf_new_reader_class(lua_State *L, const char *name, const luaL_Reg *methods)
{
    static const luaL_Reg shared[] = {
        {"read", reader_read},   {"size", reader_size}, {"rewind", reader_rewind},
        {"stamp", reader_stamp}, {NULL, NULL},
    };

    mf_new_class(L, name, methods);
    mf_add_methods(L, name, shared);
    mf_implement(L, name, MF_READER);
}
