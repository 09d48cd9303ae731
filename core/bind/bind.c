// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

#include "bind/bind.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define FAILURE "moonflash.base.failure" /* the module, and the name of its metatable */

/* Loads the Lua file that completes failures: it may be missing, or no descriptor is left to open it. */
static bool load_messages(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, FAILURE);
    if (lua_pcall(L, 1, 0, 0) == 0)
        return luaL_getmetafield(L, -1, "describe") != 0;
    lua_pop(L, 1);
    return false;
}

/* The message comes from Lua: the metatable's describe(failure, subject, sent, total). */
static void describe(lua_State *L, const char *subject, uint64_t sent, uint64_t total)
{
    if (!load_messages(L)) {
        mf_set_text(L, "message", subject != NULL ? subject : "failed");
        return;
    }
    lua_pushvalue(L, -2);
    lua_pushstring(L, subject);
    mf_push_whole(L, sent);
    mf_push_whole(L, total);
    lua_call(L, 4, 0);
}

int mf_fail(lua_State *L, const char *code, const char *subject, const char *evidence)
{
    return mf_fail_part(L, code, subject, evidence, 0, 0);
}

int mf_fail_part(lua_State *L, const char *code, const char *subject, const char *evidence,
                 uint64_t sent, uint64_t total)
{
    lua_pushnil(L);
    lua_createtable(L, 0, 4);
    luaL_newmetatable(L, FAILURE);
    lua_setmetatable(L, -2);
    mf_set_text(L, "code", code);
    if (evidence != NULL)
        mf_set_text(L, "evidence", evidence);
    describe(L, subject, sent, total);
    return 2;
}

const char *mf_stream_code(lua_State *L, const char *prefix, ssize_t result)
{
    static const char *const names[] = {"timeout", "closed", "interrupted", "failed", "rejected"};
    int row = (int)-result - 1;

    if (row < 0 || row >= (int)(sizeof names / sizeof *names)) {
        luaL_error(L, "no stream result: %d", (int)result);
        return NULL; /* a compiler may not know that luaL_error does not return */
    }
    return lua_pushfstring(L, "%s.%s", prefix, names[row]);
}

int mf_fail_stream(lua_State *L, const char *prefix, const char *what, ssize_t result, int error)
{
    return mf_fail(L, mf_stream_code(L, prefix, result), what,
                   result == MF_STREAM_FAILED ? strerror(error) : NULL);
}

int mf_fail_source(lua_State *L, const char *what, ssize_t result, const struct mf_reader *reader)
{
    if (result == MF_STREAM_FAILED && reader->reason != NULL)
        return mf_fail(L, "source.failed", what, reader->reason);
    return mf_fail_stream(L, "source", what, result, reader->error);
}

int mf_interrupt(lua_State *L)
{
    int descriptor = -1;

    lua_getfield(L, LUA_REGISTRYINDEX, MF_INTERRUPT_KEY);
    if (lua_isnumber(L, -1))
        descriptor = (int)lua_tonumber(L, -1);
    lua_pop(L, 1);
    return descriptor;
}

static void set_functions(lua_State *L, const luaL_Reg *functions)
{
    for (; functions->name != NULL; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

void mf_new_class(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    set_functions(L, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

void mf_add_methods(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_getmetatable(L, name);
    set_functions(L, methods);
    lua_pop(L, 1);
}

void mf_new_module(lua_State *L, const luaL_Reg *functions)
{
    lua_newtable(L);
    set_functions(L, functions);
}

/* Lua code can neither see nor change which classes implement an interface: they are the keys of a
 * table in the registry, shared by all modules. */
static void push_classes(lua_State *L, const char *interface)
{
    luaL_newmetatable(L, interface);
}

void mf_implement(lua_State *L, const char *class, const char *interface)
{
    push_classes(L, interface);
    luaL_getmetatable(L, class);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static void *check_interface(lua_State *L, int index, const char *interface, const char *name)
{
    bool implemented = false;

    if (lua_type(L, index) == LUA_TUSERDATA && lua_getmetatable(L, index)) {
        push_classes(L, interface);
        lua_insert(L, -2);
        lua_rawget(L, -2);
        implemented = lua_toboolean(L, -1);
        lua_pop(L, 2);
    }
    if (!implemented)
        luaL_argerror(L, index, lua_pushfstring(L, "%s expected", name));
    return lua_touserdata(L, index);
}

struct mf_channel *mf_check_channel(lua_State *L, int index)
{
    return check_interface(L, index, MF_CHANNEL, "channel");
}

struct mf_reader *mf_check_reader(lua_State *L, int index)
{
    return check_interface(L, index, MF_READER, "reader");
}

struct mf_conversation *mf_check_conversation(lua_State *L, int index)
{
    return check_interface(L, index, MF_CONVERSATION, "conversation");
}

void mf_keep(lua_State *L, int userdata, int value, const char *name)
{
    if (!mf_push_own_table(L, userdata)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        mf_set_own_table(L, userdata);
    }
    lua_pushvalue(L, value);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void mf_push_kept(lua_State *L, int userdata, const char *name)
{
    mf_push_own_table(L, userdata);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

int mf_call_kept(lua_State *L, const char *name, const char *method)
{
    lua_settop(L, 1);
    mf_push_kept(L, 1, name);
    lua_getfield(L, -1, method);
    lua_insert(L, -2);
    lua_call(L, 1, LUA_MULTRET);
    return lua_gettop(L) - 1;
}

uint64_t mf_check_whole(lua_State *L, int index, uint64_t most)
{
    lua_Number number = luaL_checknumber(L, index);

    if (!(number >= 0 && number <= (lua_Number)most) || (lua_Number)(uint64_t)number != number)
        luaL_argerror(L, index, "whole number out of range");
    return (uint64_t)number;
}

void mf_push_whole(lua_State *L, uint64_t value)
{
    mf_push_integral(L, value);
}

void mf_set_whole(lua_State *L, const char *name, uint64_t value)
{
    mf_push_whole(L, value);
    lua_setfield(L, -2, name);
}

void mf_set_text(lua_State *L, const char *name, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

void mf_set_boolean(lua_State *L, const char *name, int value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

uint64_t mf_option_whole(lua_State *L, int table, const char *name, uint64_t absent, uint64_t most)
{
    uint64_t value = absent;

    lua_getfield(L, table, name);
    if (!lua_isnil(L, -1)) {
        lua_Number number = lua_tonumber(L, -1);

        if (!lua_isnumber(L, -1) || !(number >= 0 && number <= (lua_Number)most) ||
            (lua_Number)(uint64_t)number != number)
            luaL_error(L, "option %s: whole number out of range", name);
        value = (uint64_t)number;
    }
    lua_pop(L, 1);
    return value;
}

int mf_option_boolean(lua_State *L, int table, const char *name, int absent)
{
    int value = absent;

    lua_getfield(L, table, name);
    if (!lua_isnil(L, -1))
        value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}
