/* moonflash.core.source: readers over a file or a descriptor.
 *
 *   local source = require "moonflash.core.source"
 *   local reader = source.file "SWI9X30C_02.33.03.00.cwe"  -- or nil, source.not_found |
 * .unreadable local reader = source.descriptor(0)       -- duplicates it; size in bytes may follow
 *   reader:read(4096, 1000)    --> 1 to 4096 bytes within 1000 ms (30 s unless said otherwise),
 *                              --  nil at the end, or nil, failure (source.timeout, .failed, ...)
 *   reader:size()              --> bytes, nil while unknown (a pipe)
 *   reader:rewind()            --> true: stands at the first byte; false: can be read only once
 *   reader:close()
 */
#include "driver/source.h"

#include "bind/reader.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define SOURCE "moonflash.source"

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

/* A quoting slip is easily overlooked in a message. */
static const char *blank_end(const char *name)
{
    size_t length = strlen(name);

    if (length == 0)
        return "the name is empty";
    if (isspace((unsigned char)name[0]))
        return "the name starts with a blank";
    if (isspace((unsigned char)name[length - 1]))
        return "the name ends with a blank";
    return NULL;
}

static int fail_open(lua_State *L, const char *name, int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return mf_fail(L, "source.not_found", blank_end(name), "no such file: '%s'", name);
    if (error == EISDIR)
        return mf_fail(L, "source.unreadable", NULL, "'%s' is a folder", name);
    return mf_fail(L, "source.unreadable", strerror(error), "cannot read '%s'", name);
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

static const luaL_Reg functions[] = {
    {"file", source_file}, {"descriptor", source_descriptor}, {NULL, NULL}};

static const luaL_Reg methods[] = {
    {"close", source_close}, {"__gc", source_close}, {"__tostring", source_name}, {NULL, NULL}};

MF_MODULE int luaopen_moonflash_core_source(lua_State *L)
{
    mf_new_reader_class(L, SOURCE, methods);
    mf_new_module(L, functions);
    return 1;
}
