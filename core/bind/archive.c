// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.archive: members of a zip archive as readers, out of a reader of the archive.
 *
 *   local archive = require "moonflash.core.archive"
 *   local zip = archive.open(reader[, silence_ms])  -- the reader is at its first byte; silence_ms:
 *                                  -- longest silence inside a member's header (30 s)
 *   zip:next()   --> name, size in bytes (nil while unknown) of the next file inside; nil after the
 *                --  last; nil, failure (source.failed, ...). The name is not a path to be opened
 *   zip:read, zip:size, zip:rewind   of the current member: see bind/reader.h
 *   zip:close()  --> true; closes the other reader as well
 */
#include "driver/archive.h"

#include "bind/reader.h"

#include <string.h>

#define ARCHIVE "moonflash.archive"

enum { SILENCE_MS = 30000 };

struct bound_archive {
    struct mf_archive core; /* first: the userdata begins with its interface */
};

MF_MODULE int luaopen_moonflash_core_archive(lua_State *L);

static int archive_open(lua_State *L)
{
    struct mf_reader *inner = mf_check_reader(L, 1);
    int silence_ms = lua_isnoneornil(L, 2) ? SILENCE_MS : (int)mf_check_whole(L, 2, INT32_MAX);
    struct bound_archive *self = lua_newuserdata(L, sizeof *self);
    int error = mf_archive_init(&self->core, inner, silence_ms, mf_interrupt(L));

    if (error != 0)
        return luaL_error(L, "%s", strerror(error));
    luaL_getmetatable(L, ARCHIVE);
    lua_setmetatable(L, -2);
    mf_keep(L, lua_gettop(L), 1, "reader");
    return 1;
}

static int archive_next(lua_State *L)
{
    struct bound_archive *self = luaL_checkudata(L, 1, ARCHIVE);
    int result = mf_archive_next(&self->core);

    if (result < 0)
        return mf_fail_reader(L, 1, result);
    if (result == 0) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushstring(L, self->core.name);
    if (self->core.reader.size < 0)
        lua_pushnil(L);
    else
        mf_push_whole(L, (uint64_t)self->core.reader.size);
    return 2;
}

static int archive_name(lua_State *L)
{
    const struct bound_archive *self = luaL_checkudata(L, 1, ARCHIVE);

    mf_call_kept(L, "reader", "__tostring");
    if (self->core.ordinal > 0)
        lua_pushfstring(L, "%s:%s", lua_tostring(L, -1), self->core.name);
    return 1;
}

static int archive_close(lua_State *L)
{
    struct bound_archive *self = luaL_checkudata(L, 1, ARCHIVE);

    mf_archive_close(&self->core);
    return mf_call_kept(L, "reader", "close");
}

/* The other reader may have been collected before: it is not touched. */
static int archive_gc(lua_State *L)
{
    struct bound_archive *self = luaL_checkudata(L, 1, ARCHIVE);

    mf_archive_close(&self->core);
    return 0;
}

static const luaL_Reg functions[] = {{"open", archive_open}, {NULL, NULL}};

static const luaL_Reg methods[] = {{"next", archive_next},
                                   {"close", archive_close},
                                   {"__gc", archive_gc},
                                   {"__tostring", archive_name},
                                   {NULL, NULL}};

MF_MODULE int luaopen_moonflash_core_archive(lua_State *L)
{
    mf_new_reader_class(L, ARCHIVE, methods);
    mf_new_module(L, functions);
    return 1;
}
