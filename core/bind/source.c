// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* moonflash.core.source: readers over a file, a descriptor, the output of a program, bytes in memory.
 *
 *   local source = require "moonflash.core.source"
 *   source.file "SWI9X30C_02.33.03.00.cwe"  --> reader | source.not_found, source.unreadable
 *   source.descriptor(0)     --> reader over a duplicate of it; the size in bytes may follow
 *   source.fetch(argv)       --> reader of the standard output of a program | source.unavailable: there
 *                                is no such program. No shell; the program is killed by close. An exit
 *                                status other than 0 is a failure at the end, with the standard error as
 *                                evidence
 *   source.bytes(text[, rest])  --> reader of the text, then of the bytes of the reader `rest`
 *
 *   reader:read(4096, 1000)    --> 1 to 4096 bytes within 1000 ms (30 s by default), nil at the end, or
 *                                  nil, failure (source.timeout, source.failed, ...)
 *   reader:size()              --> bytes, nil while unknown (a pipe)
 *   reader:stamp()             --> a text that changes with every change of the file; nil for other sources, and
 *                                  when the file was changed in the last seconds
 *   reader:rewind()            --> true: back at the first byte; false: can be read only once
 *   reader:close()
 */
#include "driver/source.h"

#include "bind/reader.h"
#include "driver/fetch.h"
#include "stream/prefix_reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SOURCE "moonflash.source"
#define FETCH "moonflash.source.fetch"
#define JOINED "moonflash.source.bytes"

enum { MOST_ARGUMENTS = 64 };

struct source {
    struct mf_source core;
    char name[]; /* for people */
};

MF_MODULE int luaopen_moonflash_core_source(lua_State *L);

static struct source *new_source(lua_State *L, const char *name)
{
    size_t room = strlen(name) + 1;
    struct source *self = lua_newuserdata(L, sizeof *self + room);

    self->core.file = -1;
    memcpy(self->name, name, room);
    luaL_getmetatable(L, SOURCE);
    lua_setmetatable(L, -2);
    return self;
}

static int fail_open(lua_State *L, const char *name, int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return mf_fail(L, "source.not_found", name, NULL);
    return mf_fail(L, "source.unreadable", name, strerror(error));
}

static int source_file(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct source *self = new_source(L, path);
    int error = mf_source_open(&self->core, path, mf_interrupt(L));

    return error == 0 ? 1 : fail_open(L, path, error);
}

static int source_descriptor(lua_State *L)
{
    int descriptor = (int)mf_check_whole(L, 1, INT32_MAX);
    int64_t size = lua_isnoneornil(L, 2) ? -1 : (int64_t)mf_check_whole(L, 2, INT64_MAX);
    const char *name =
        descriptor == 0 ? "standard input" : lua_pushfstring(L, "descriptor %d", descriptor);
    struct source *self = new_source(L, name);
    int error = mf_source_adopt(&self->core, descriptor, size, mf_interrupt(L));

    return error == 0 ? 1 : fail_open(L, name, error);
}

static int source_close(lua_State *L)
{
    struct source *self = luaL_checkudata(L, 1, SOURCE);

    mf_source_close(&self->core);
    lua_pushboolean(L, 1);
    return 1;
}

static int source_name(lua_State *L)
{
    const struct source *self = luaL_checkudata(L, 1, SOURCE);

    lua_pushstring(L, self->name);
    return 1;
}

/* --- a program's output ---------------------------------------------------------------------- */

struct fetched {
    struct mf_fetch core; /* first: the userdata begins with its interface */
};

/* The strings of the table at 1, ended by NULL; they live as long as the table. */
static void check_arguments(lua_State *L, const char **argv)
{
    size_t count;

    luaL_checktype(L, 1, LUA_TTABLE);
    count = lua_rawlen(L, 1);
    luaL_argcheck(L, count > 0 && count < MOST_ARGUMENTS, 1, "a program and its arguments");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, (int)i + 1);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, "a list of strings expected");
        argv[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    argv[count] = NULL;
}

static int fail_fetch(lua_State *L, const char *program, int error)
{
    return mf_fail(L, error == ENOENT ? "source.unavailable" : "source.failed", program,
                   strerror(error));
}

/* The last argument names what is fetched. */
static void keep_name(lua_State *L, int fetched)
{
    lua_rawgeti(L, 1, (int)lua_rawlen(L, 1));
    mf_keep(L, fetched, lua_gettop(L), "name");
    lua_pop(L, 1);
}

static int source_fetch(lua_State *L)
{
    const char *argv[MOST_ARGUMENTS];
    struct fetched *self;
    int error;

    check_arguments(L, argv);
    self = lua_newuserdata(L, sizeof *self);
    mf_fetch_init(&self->core);
    luaL_getmetatable(L, FETCH);
    lua_setmetatable(L, -2);
    keep_name(L, lua_gettop(L));
    error = mf_fetch_start(&self->core, argv, (const char *const *)environ, mf_interrupt(L));
    return error == 0 ? 1 : fail_fetch(L, argv[0], error);
}

static int fetched_close(lua_State *L)
{
    struct fetched *self = luaL_checkudata(L, 1, FETCH);

    mf_fetch_close(&self->core);
    lua_pushboolean(L, 1);
    return 1;
}

static int fetched_name(lua_State *L)
{
    luaL_checkudata(L, 1, FETCH);
    mf_push_kept(L, 1, "name");
    return 1;
}

/* --- bytes in memory ------------------------------------------------------------------------- */

struct joined {
    struct mf_prefix_reader core; /* first: the userdata begins with its interface */
};

static int source_bytes(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    struct mf_reader *rest = lua_isnoneornil(L, 2) ? NULL : mf_check_reader(L, 2);
    struct joined *self;

    lua_settop(L, 2);
    self = lua_newuserdata(L, sizeof *self);
    mf_prefix_reader_init(&self->core, (const uint8_t *)text, length, rest);
    mf_keep(L, 3, 1, "text");
    mf_keep(L, 3, 2, "rest");
    luaL_getmetatable(L, JOINED);
    lua_setmetatable(L, -2);
    return 1;
}

static int joined_close(lua_State *L)
{
    const struct joined *self = luaL_checkudata(L, 1, JOINED);

    if (self->core.rest == NULL) {
        lua_pushboolean(L, 1);
        return 1;
    }
    return mf_call_kept(L, "rest", "close");
}

static int joined_name(lua_State *L)
{
    const struct joined *self = luaL_checkudata(L, 1, JOINED);

    if (self->core.rest == NULL) {
        lua_pushliteral(L, "bytes in memory");
        return 1;
    }
    return mf_call_kept(L, "rest", "__tostring");
}

/* --- the module ------------------------------------------------------------------------------ */

static const luaL_Reg functions[] = {{"file", source_file},
                                     {"descriptor", source_descriptor},
                                     {"fetch", source_fetch},
                                     {"bytes", source_bytes},
                                     {NULL, NULL}};

static const luaL_Reg source_methods[] = {
    {"close", source_close}, {"__gc", source_close}, {"__tostring", source_name}, {NULL, NULL}};

static const luaL_Reg fetched_methods[] = {
    {"close", fetched_close}, {"__gc", fetched_close}, {"__tostring", fetched_name}, {NULL, NULL}};

static const luaL_Reg joined_methods[] = {
    {"close", joined_close}, {"__tostring", joined_name}, {NULL, NULL}};

MF_MODULE int luaopen_moonflash_core_source(lua_State *L)
{
    mf_new_reader_class(L, SOURCE, source_methods);
    mf_new_reader_class(L, FETCH, fetched_methods);
    mf_new_reader_class(L, JOINED, joined_methods);
    mf_new_module(L, functions);
    return 1;
}
